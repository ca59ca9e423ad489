#include "data/video/decoder.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "jepa/core/error.h"

namespace foresee::data {
namespace {

bool marked_damaged(const AVFrame& frame) {
  return frame.decode_error_flags != 0 || (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0;
}

bool is_interlaced(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  return (frame.flags & AV_FRAME_FLAG_INTERLACED) != 0;
#else
  return frame.interlaced_frame != 0;
#endif
}

FirstPicture describe_first(const AVFrame& frame) {
  FirstPicture first{.format = picture_format(frame), .orientation = {}, .interlaced = is_interlaced(frame)};
  const AVFrameSideData* matrix = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX);
  if (matrix != nullptr && matrix->size >= 9 * sizeof(int32_t)) {
    std::array<int32_t, 9> numbers{};
    std::memcpy(numbers.data(), matrix->data, sizeof(numbers));
    first.orientation = orientation_of(numbers);
  }
  return first;
}

}  // namespace

Decoder::Decoder(Demuxer& demuxer, const FrameIndex& index, int64_t threads, DecodeCounters& counters)
    : demuxer_(demuxer), index_(index), counters_(counters), packet_(av_packet_alloc()), frame_(av_frame_alloc()) {
  const std::string path = demuxer.path().string();
  const AVCodecParameters& parameters = *demuxer.stream().codecpar;
  const AVCodec* decoder = avcodec_find_decoder(parameters.codec_id);
  if (decoder == nullptr)
    fail<DataError>("{}: this FFmpeg has no decoder for '{}'", path, avcodec_get_name(parameters.codec_id));
  codec_.reset(avcodec_alloc_context3(decoder));
  const ErrorCapture errors;
  int code = avcodec_parameters_to_context(codec_.get(), &parameters);
  if (code >= 0) {
    codec_->thread_count = static_cast<int>(threads);
    // Pictures that refer to skipped ones come out marked instead of being held back: holding one back while draining
    // makes the h264 decoder end before the pictures behind it.
    codec_->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
    codec_->pkt_timebase = demuxer.time_base();
    code = avcodec_open2(codec_.get(), decoder, nullptr);
  }
  if (code < 0) fail<DataError>("{}: cannot open the '{}' decoder: {}", path, decoder->name, errors.reason(code));
}

void Decoder::begin(int64_t number) {
  avcodec_flush_buffers(codec_.get());
  draining_ = false;
  damaged_.clear();
  damage_.clear();
  start_ = Start::kUnjudged;
  begun_at_ = next_packet_ = number;
  if (index_.by_time) {
    ++counters_.seeks;
    if (demuxer_.seek(index_.packets[static_cast<size_t>(number)].dts) && read_until_begin()) return;
  }
  ++counters_.reopens;
  demuxer_.reopen();
  if (!read_until_begin()) fail<DataError>("{}: changed while it was read", demuxer_.path().string());
}

// Reads up to the packet where decoding begins. @returns false when the demuxer stands behind it.
bool Decoder::read_until_begin() {
  waiting_ = false;
  for (int64_t read = 0; demuxer_.read(*packet_); ++read) {
    const std::optional<int64_t> number = index_.by_time ? index_.packet_at(packet_->pts) : read;
    if (!number || *number < begun_at_) continue;
    waiting_ = *number == begun_at_;
    break;
  }
  return waiting_;
}

bool Decoder::feed() {
  if (!waiting_ && !demuxer_.read(*packet_)) return false;
  waiting_ = false;
  const int64_t number = index_.by_time ? index_.packet_at(packet_->pts).value_or(next_packet_) : next_packet_;
  next_packet_ = number + 1;
  ++counters_.packets_decoded;
  const ErrorCapture errors;
  const int code = avcodec_send_packet(codec_.get(), packet_.get());
  if (code < 0 && code != AVERROR(EAGAIN)) note_damage(number, errors.reason(code));
  return true;
}

const AVFrame* Decoder::next() {
  while (true) {
    const ErrorCapture errors;
    const int code = avcodec_receive_frame(codec_.get(), frame_.get());
    if (code >= 0) {
      ++counters_.frames_decoded;
      if (marked_damaged(*frame_)) {
        const auto number = index_.by_time ? index_.packet_at(frame_->pts) : std::nullopt;
        note_damage(number.value_or(next_packet_ - 1), "damaged picture");
      }
      judge_start(frame_.get());
      if (!first_picture_) first_picture_ = describe_first(*frame_);
      return frame_.get();
    }
    if (code == AVERROR_EOF) {
      judge_start(nullptr);
      return nullptr;
    }
    // With several threads an error surfaces up to that many packets late.
    if (code != AVERROR(EAGAIN))
      note_damage(std::max(begun_at_, next_packet_ - codec_->thread_count), errors.reason(code));
    if (draining_) {
      if (code == AVERROR(EAGAIN)) return nullptr;
      continue;
    }
    if (!feed()) {
      draining_ = true;
      avcodec_send_packet(codec_.get(), nullptr);
    }
  }
}

// The first picture that is shown no earlier than that of the first packet must be that one.
void Decoder::judge_start(const AVFrame* output) {
  if (start_ != Start::kUnjudged || !index_.by_time) return;
  const PacketEntry& first = index_.packets[static_cast<size_t>(begun_at_)];
  if (output != nullptr && output->pts < first.pts) return;
  const bool clean = !first.shown || (output != nullptr && output->pts == first.pts && !marked_damaged(*output));
  start_ = clean ? Start::kClean : Start::kUnclean;
}

void Decoder::note_damage(int64_t packet, const std::string& reason) {
  // Leading pictures of the group where decoding began refer to what was skipped: not damage.
  if (index_.by_time && packet < static_cast<int64_t>(index_.packets.size()) &&
      index_.packets[static_cast<size_t>(packet)].pts < index_.packets[static_cast<size_t>(begun_at_)].pts)
    return;
  if (damage_.empty()) damage_ = reason;
  damaged_.push_back(packet);
}

bool Decoder::spoiled(const FrameEntry& frame) const {
  return std::any_of(damaged_.begin(), damaged_.end(), [&](int64_t d) { return index_.spoils(d, frame); });
}

}  // namespace foresee::data
