#include "data/video/reader.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "data/video/decoder.h"
#include "data/video/frame/rgb.h"
#include "data/video/index/index_cache.h"
#include "data/video/verify.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

// Jumping costs about as much as decoding this many small frames.
constexpr int64_t kSeekCostFrames = 2;

std::string to_text(CountedBecause reason) {
  switch (reason) {
    case CountedBecause::kTimesMissing:
      return "its packets have no times";
    case CountedBecause::kTimesEqual:
      return "several pictures share a time";
    case CountedBecause::kTimesInAnotherOrder:
      return "the times of its packets are out of order";
    case CountedBecause::kNotCounted:
      break;
  }
  return "";
}

// The container's own idea of the rate, Hz; 0 when it has none, or none that a camera has.
double header_rate(const AVStream& stream) {
  constexpr double kHighestFps = 1000;
  for (const AVRational rate : {stream.avg_frame_rate, stream.r_frame_rate})
    if (rate.num > 0 && rate.den > 0 && av_q2d(rate) <= kHighestFps) return av_q2d(rate);
  return 0;
}

void describe_rate(const FrameIndex& index, const AVStream& stream, VideoInfo& info) {
  const FrameEntry &first = index.frames.front(), &last = index.frames.back();
  const double span_s = in_seconds(last.pts - first.pts, index.time_base), header_fps = header_rate(stream);
  info.average_fps = span_s > 0 ? static_cast<double>(info.frame_count - 1) / span_s : header_fps;
  info.lowest_fps = info.highest_fps = info.average_fps;
  std::vector<int64_t> steps;
  for (size_t i = 1; i < index.frames.size(); ++i) steps.push_back(index.frames[i].pts - index.frames[i - 1].pts);
  std::sort(steps.begin(), steps.end());
  // Frames that were lost leave gaps, which are no change of rate.
  if (static_cast<int64_t>(steps.size()) <= index.lost + 1) return;
  steps.resize(steps.size() - static_cast<size_t>(index.lost));
  const int64_t shortest = steps.front(), longest = steps.back();
  // Rounding to the container's clock makes steps differ by a tick or two.
  const int64_t tick = std::max<int64_t>(1, av_rescale_q(1, stream.time_base, index.time_base));
  info.variable_rate = longest - shortest > 2 * tick + longest / 20;
  if (!info.variable_rate) {
    const double steps_s = in_seconds(std::accumulate(steps.begin(), steps.end(), int64_t{0}), index.time_base);
    if (std::abs(header_fps * steps_s / static_cast<double>(steps.size()) - 1) > 0.1 && header_fps > 0)
      info.header_fps = header_fps;
    return;
  }
  info.lowest_fps = 1 / in_seconds(longest, index.time_base);
  info.highest_fps = 1 / in_seconds(std::max<int64_t>(shortest, 1), index.time_base);
}

void describe_end(const Demuxer& demuxer, const FrameIndex& index, VideoInfo& info) {
  const FrameEntry& last = index.frames.back();
  info.begin_s = in_seconds(index.frames.front().pts, index.time_base);
  info.end_s = in_seconds(last.pts + last.duration, index.time_base);
  if (last.duration <= 0 && info.average_fps > 0) info.end_s += 1.0 / info.average_fps;
  info.cut_off_reason = index.cut_off_reason;
  const std::optional<double> announced = demuxer.announced_end_s(/*of_sound_too=*/!index.cut_off_reason.empty());
  const double step_s = info.lowest_fps > 0 ? 1 / info.lowest_fps : 0;
  // A little more is said by many a sound container.
  if (announced && *announced - info.end_s > std::max(1.5 * step_s, 0.02 * info.duration_s()))
    info.announced_end_s = announced;
}

/// WebM keeps transparency as a second picture beside each one, which decoders do not give.
bool has_alpha_layer(const AVStream& stream) {
  const AVDictionaryEntry* entry = av_dict_get(stream.metadata, "alpha_mode", nullptr, 0);
  return entry != nullptr && std::string_view(entry->value) == "1";
}

VideoInfo describe_video(const Demuxer& demuxer, const FrameIndex& index, const VideoOptions& options) {
  const AVStream& stream = demuxer.stream();
  const AVCodecParameters& codec = *stream.codecpar;
  VideoInfo info;
  info.coded_width = codec.width;
  info.coded_height = codec.height;
  PictureSize size{codec.height, codec.width};
  if (options.short_side) size = shrunk(size, *options.short_side);
  const FirstPicture& first = index.first_picture;
  const Orientation orientation = demuxer.orientation().value_or(first.orientation.value_or(Orientation{}));
  info.width = orientation.sideways() ? size.height : size.width;
  info.height = orientation.sideways() ? size.width : size.height;
  info.rotation_degrees = orientation.rotation_degrees;
  info.mirrored = orientation.mirrored;
  info.frame_count = static_cast<int64_t>(index.frames.size());
  info.lost_frames = index.lost;
  info.key_frames = static_cast<int64_t>(index.keys.size());
  info.longest_gop = index.longest_gop();
  info.seekable = index.by_time;
  info.counted_because = to_text(index.counted_because);
  info.codec = avcodec_get_name(codec.codec_id);
  info.container = demuxer.container();
  const char* format = av_get_pix_fmt_name(static_cast<AVPixelFormat>(codec.format));
  info.pixel_format = format == nullptr ? "unknown" : format;
  info.pixel_aspect = demuxer.pixel_aspect();
  info.interlaced = index.interlaced || first.interlaced;
  info.bit_depth = bit_depth(first.format.pixels);
  info.hdr = high_dynamic_range(first.format.transfer);
  info.transparency = has_alpha(first.format.pixels) || has_alpha_layer(stream);
  info.video_stream = demuxer.video_stream();
  info.video_streams = demuxer.video_streams();
  if (index.sizes.size() > 1) info.stored_sizes = index.sizes;
  describe_rate(index, stream, info);
  describe_end(demuxer, index, info);
  return info;
}

}  // namespace

PictureSize shrunk(PictureSize size, int64_t short_side) {
  const int64_t shorter = std::min(size.height, size.width);
  if (shorter <= short_side) return size;
  const auto scale = [&](int64_t side) { return std::max<int64_t>(1, (side * short_side + shorter / 2) / shorter); };
  return {scale(size.height), scale(size.width)};
}

struct VideoReader::Impl {
  Impl(const std::filesystem::path& path, const VideoOptions& wanted)
      : options(wanted), stamp(options.indexes ? stamp_of(path) : std::nullopt), demuxer(path) {
    // What was opened is what was stamped, or the index is nobody else's.
    if (stamp && stamp == stamp_of(path)) {
      const auto shared = options.indexes->get(*stamp, options.verify, [&] {
        make_index();
        return index;
      });
      if (!decoder) {  // another reader made it
        index = *shared;
        decoder.emplace(demuxer, index, options.threads, counters);
      }
    } else {
      make_index();
    }
    info = describe_video(demuxer, index, options);
    if (info.coded_width <= 0 || info.coded_height <= 0) fail<DataError>("{}: has no picture size", path.string());
    const Orientation orientation{.mirrored = info.mirrored, .rotation_degrees = info.rotation_degrees};
    const PictureSize shown{info.height, info.width};
    converter.emplace(orientation.sideways() ? PictureSize{shown.width, shown.height} : shown, orientation,
                      options.colours);
    try {
      converter->prepare(index.first_picture.format);
    } catch (const DataError& error) {
      fail<DataError>("{}: {}", path.string(), error.what());
    }
    counters = {.packets_scanned = counters.packets_scanned};
  }

  const std::string& path() const { return demuxer.path().native(); }

  // From every packet, and where that does not tell which frames decode, from decoding them.
  void make_index() {
    index = scan_packets(demuxer);
    counters.packets_scanned = static_cast<int64_t>(index.packets.size());
    if (index.packets.empty()) fail<DataError>("{}: holds no complete frame (cut off?)", path());
    decoder.emplace(demuxer, index, options.threads, counters);
    if (index.times_doubtful && times_tell_another_order(*decoder))
      index.count_because(CountedBecause::kTimesInAnotherOrder);
    const AVCodecID codec = demuxer.stream().codecpar->codec_id;
    if (options.verify || !index.by_time || index.damage_doubtful || packets_may_hide_frames(codec) ||
        !first_frame_decodes()) {
      keep_frames_that_decode(*decoder, demuxer, index);
      held = nullptr;
      started = false;
      known_to_fail.clear();  // frames have other numbers now
      damage.clear();
    }
    if (index.frames.empty())
      fail<DataError>("{}: no frame of it decodes{}{}", path(), decoder->damage().empty() ? "" : ": ",
                      decoder->damage());
    index.first_picture = decoder->first_picture().value();
  }

  bool first_frame_decodes() {
    try {
      return !index.frames.empty() && (reach(0), true);
    } catch (const DataError&) {
      return false;
    }
  }

  // Decodes up to frame `number`, the cheapest way that is exact. @throws DataError when it does not come.
  const AVFrame& reach(int64_t number) {
    if (held != nullptr && held_number == number) return *held;
    const FrameEntry& frame = index.frames[static_cast<size_t>(number)];
    if (!known_to_fail.contains(number)) {
      const int64_t start = index.by_time ? index.start_for(frame) : 0;
      if (can_go_on(number, start) && advance(number)) return *held;
      for (int64_t from = start;; from = index.start_for(frame)) {
        // First, for the case that the file cannot be read any more: nothing then counts as decoded.
        held = nullptr;
        started = false;
        outputs = 0;
        decoder->begin(from);
        if (advance(number)) return *held;
        if (decoder->begun_cleanly() || from == 0) break;
        std::erase(index.keys, from);  // no place to begin at, now or later
      }
      note_failures(number);
      started = false;
    }
    fail<DataError>("{}: frame {} of {} does not decode{}{}", path(), number, index.frames.size(),
                    damage.empty() ? "" : ": ", damage);
  }

  // Remembers the frames that the damage met on the last pass spoils, so that each group is tried once.
  void note_failures(int64_t number) {
    known_to_fail.insert(number);
    if (damage.empty()) damage = decoder->damage();
    if (!index.by_time) return;
    for (auto n = number; n < static_cast<int64_t>(index.frames.size()); ++n) {
      if (!decoder->spoiled(index.frames[static_cast<size_t>(n)])) break;
      known_to_fail.insert(n);
    }
  }

  // True when decoding on from here brings the frame, and no slower than a jump to `start` would.
  bool can_go_on(int64_t number, int64_t start) const {
    if (!started || (held != nullptr && number <= held_number)) return false;
    return decoder->begun_at() <= start && start <= decoder->next_packet() + kSeekCostFrames;
  }

  // Decodes on until frame `number` is held. @returns false when the decoder passes it by, or it is spoiled.
  bool advance(int64_t number) {
    started = true;
    const FrameEntry& frame = index.frames[static_cast<size_t>(number)];
    while ((held = decoder->next()) != nullptr) {
      const int64_t output = outputs++;
      if (index.by_time) {
        const std::optional<int64_t> shown = index.frame_at(held->pts);
        held_number = shown.value_or(-1);
        if (!decoder->begun_cleanly() && decoder->begun_at() > 0) return false;
        if (held->pts == frame.pts) return !decoder->spoiled(frame);
        if (held->pts > frame.pts) return false;
      } else {
        held_number = -1;
        if (output == frame.order) {
          held_number = number;
          return true;
        }
        if (output > frame.order) return false;
      }
    }
    started = false;
    held_number = -1;
    return false;
  }

  void convert(int64_t number, const Tensor& out) {
    const AVFrame& frame = reach(number);
    try {
      converter->convert(frame, {out.data_ptr<uint8_t>(), static_cast<size_t>(out.numel())});
    } catch (const DataError& error) {
      fail<DataError>("{}: frame {}: {}", path(), number, error.what());
    }
    ++counters.frames_converted;
  }

  VideoOptions options;
  DecodeCounters counters;
  std::optional<FileStamp> stamp;  // taken before the file was opened
  Demuxer demuxer;
  FrameIndex index;
  std::optional<Decoder> decoder;
  std::optional<RgbConverter> converter;
  VideoInfo info;
  const AVFrame* held = nullptr;  // the decoder's last frame
  int64_t held_number = -1;       // its number; -1: not one that is shown
  int64_t outputs = 0;            // frames since the decoder began
  bool started = false;
  std::set<int64_t> known_to_fail;  // frames
  std::string damage;               // what the decoder said of the first of them
};

VideoReader::VideoReader(const std::filesystem::path& path, VideoOptions options) {
  FORESEE_CHECK(options.threads >= 1, "expected at least one decoder thread, got {}", options.threads);
  FORESEE_CHECK(!options.short_side || *options.short_side >= 1, "expected short_side >= 1, got {}",
                *options.short_side);
  impl_ = std::make_unique<Impl>(path, options);
}
VideoReader::~VideoReader() = default;
VideoReader::VideoReader(VideoReader&&) noexcept = default;
VideoReader& VideoReader::operator=(VideoReader&&) noexcept = default;

const VideoInfo& VideoReader::info() const { return impl_->info; }
const DecodeCounters& VideoReader::counters() const { return impl_->counters; }

const std::set<int64_t>& VideoReader::failed_frames() const { return impl_->known_to_fail; }

Tensor VideoReader::frame(int64_t index) { return frames({&index, 1})[0]; }

Tensor VideoReader::frames(std::span<const int64_t> indices) {
  const VideoInfo& info = impl_->info;
  for (const int64_t index : indices)
    FORESEE_CHECK(index >= 0 && index < info.frame_count, "expected a frame in [0, {}), got {} ({})", info.frame_count,
                  index, impl_->path());
  Tensor out = at::empty({static_cast<int64_t>(indices.size()), 3, info.height, info.width}, at::kByte);
  std::multimap<int64_t, int64_t> slots;  // frame -> places in `out`
  for (size_t i = 0; i < indices.size(); ++i) slots.emplace(indices[i], static_cast<int64_t>(i));
  const int64_t bytes = 3 * info.height * info.width;
  uint8_t* data = out.data_ptr<uint8_t>();
  for (auto at = slots.begin(); at != slots.end();) {
    const auto [first, last] = slots.equal_range(at->first);
    const int64_t source = first->second;
    impl_->convert(first->first, out[source]);
    for (auto copy = std::next(first); copy != last; ++copy)
      std::copy_n(data + source * bytes, bytes, data + copy->second * bytes);
    at = last;
  }
  return out;
}

std::vector<double> VideoReader::starts_s() const {
  std::vector<double> starts;
  starts.reserve(impl_->index.frames.size());
  for (const FrameEntry& frame : impl_->index.frames) starts.push_back(in_seconds(frame.pts, impl_->index.time_base));
  return starts;
}

double VideoReader::start_s(int64_t index) const {
  FORESEE_CHECK(index >= 0 && index < impl_->info.frame_count, "expected a frame in [0, {}), got {}",
                impl_->info.frame_count, index);
  return in_seconds(impl_->index.frames[static_cast<size_t>(index)].pts, impl_->index.time_base);
}

double VideoReader::stop_s(int64_t index) const {
  return index + 1 < impl_->info.frame_count ? start_s(index + 1) : impl_->info.end_s;
}

int64_t VideoReader::index_at(double seconds) const {
  int64_t low = 0, high = impl_->info.frame_count - 1;  // the answer is in [low, high]
  while (low < high) {
    const int64_t middle = (low + high + 1) / 2;
    if (start_s(middle) <= seconds)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

}  // namespace foresee::data
