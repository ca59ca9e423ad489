#include "data/video/verify.h"

#include <algorithm>
#include <cstdint>

namespace foresee::data {
namespace {

// Watches whether the times of frames rise.
class RisingTimes {
 public:
  void see(const AVFrame& frame) {
    if (frame.pts == AV_NOPTS_VALUE) return;
    fall_ |= frame.pts < latest_;
    latest_ = std::max(latest_, frame.pts);
  }
  bool fall() const { return fall_; }

 private:
  bool fall_ = false;
  int64_t latest_ = INT64_MIN;
};

// @returns false when the frames come in another order than their times tell; the index is then as it was.
bool keep_by_time(Decoder& decoder, FrameIndex& index) {
  std::vector<bool> came(index.frames.size(), false);
  RisingTimes times;
  while (const AVFrame* frame = decoder.next()) {
    times.see(*frame);
    if (const auto number = index.frame_at(frame->pts)) came[static_cast<size_t>(*number)] = true;
  }
  if (times.fall() && decoder.damage_count() == 0) return false;
  std::vector<FrameEntry> kept;
  for (size_t i = 0; i < index.frames.size(); ++i)
    if (came[i] && !decoder.spoiled(index.frames[i])) kept.push_back(index.frames[i]);
  index.lost += static_cast<int64_t>(index.frames.size() - kept.size());
  index.frames = std::move(kept);
  return true;
}

// Times of frames that are counted are kept in this fine base: a container's own may give one tick to several.
constexpr AVRational kNanoseconds{1, 1'000'000'000};

// The usual time from one frame to the next: the median of what the frames say. Where most frames share their time with
// another, the steps are those of a coarse clock: then the mean; where nothing is known, the header's rate.
int64_t usual_step(const std::vector<int64_t>& times, const AVStream& stream) {
  std::vector<int64_t> steps;
  int64_t first = AV_NOPTS_VALUE, last = AV_NOPTS_VALUE;
  for (size_t i = 0; i < times.size(); ++i) {
    if (times[i] == AV_NOPTS_VALUE) continue;
    if (last != AV_NOPTS_VALUE && times[i] > last) steps.push_back(times[i] - last);
    if (first == AV_NOPTS_VALUE) first = times[i];
    last = times[i];
  }
  if (steps.size() * 2 >= times.size() && !steps.empty()) {
    const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
    std::nth_element(steps.begin(), middle, steps.end());
    return *middle;
  }
  const bool known = first != AV_NOPTS_VALUE && last > first;
  if (known) return std::max<int64_t>(1, (last - first) / static_cast<int64_t>(times.size() - 1));
  const AVRational rate = stream.avg_frame_rate.num > 0 ? stream.avg_frame_rate : AVRational{25, 1};
  return std::max<int64_t>(1, av_rescale_q(1, av_inv_q(rate), kNanoseconds));
}

// Makes times rise: a missing or falling one follows the last after the usual step; equal ones share the time up to the
// next.
void make_rise(std::vector<int64_t>& times, int64_t step) {
  for (size_t i = 0; i < times.size(); ++i) {
    const bool unknown = times[i] == AV_NOPTS_VALUE;
    if (i == 0) {
      if (unknown) times[0] = 0;
    } else if (unknown || times[i] < times[i - 1]) {
      times[i] = times[i - 1] + step;
    }
  }
  for (size_t first = 0, next = 0; first < times.size(); first = next) {
    while (next < times.size() && times[next] == times[first]) ++next;
    const auto count = static_cast<int64_t>(next - first);
    const int64_t room = next < times.size() ? times[next] - times[first] : count * step;
    for (int64_t k = 1; k < count; ++k) times[first + static_cast<size_t>(k)] += k * room / count;
  }
}

void number_by_output(Decoder& decoder, const Demuxer& demuxer, FrameIndex& index) {
  std::vector<int64_t> times;
  index.frames.clear();
  bool spoiled = false;  // from damage to the next intra-coded frame
  int64_t damage = 0;
  for (int64_t output = 0; const AVFrame* frame = decoder.next(); ++output) {
    const bool new_damage = decoder.damage_count() != damage;
    damage = decoder.damage_count();
    spoiled = new_damage || (spoiled && frame->pict_type != AV_PICTURE_TYPE_I);
    if (spoiled) {
      ++index.lost;
      continue;
    }
    const int64_t pts = frame->best_effort_timestamp;
    times.push_back(pts == AV_NOPTS_VALUE ? pts : av_rescale_q(pts, demuxer.time_base(), kNanoseconds));
    index.frames.push_back({0, 0, output});
  }
  const int64_t step = usual_step(times, demuxer.stream());
  make_rise(times, step);
  for (size_t i = 0; i < times.size(); ++i) {
    index.frames[i].pts = times[i];
    index.frames[i].duration = i + 1 < times.size() ? times[i + 1] - times[i] : step;
  }
  index.time_base = kNanoseconds;
}

}  // namespace

bool packets_may_hide_frames(AVCodecID codec) { return codec == AV_CODEC_ID_VP8; }

bool times_tell_another_order(Decoder& decoder) {
  decoder.begin(0);
  RisingTimes times;
  while (const AVFrame* frame = decoder.next()) times.see(*frame);
  return times.fall() && decoder.damage_count() == 0;
}

void keep_frames_that_decode(Decoder& decoder, const Demuxer& demuxer, FrameIndex& index) {
  decoder.begin(0);
  if (index.by_time) {
    const bool in_order = keep_by_time(decoder, index);
    if (in_order && (!index.frames.empty() || decoder.damage_count() > 0)) return;
    // It decodes, but not under the times of its packets, or in another order.
    index.count_because(CountedBecause::kTimesInAnotherOrder);
    decoder.begin(0);
  }
  index.lost = 0;
  number_by_output(decoder, demuxer, index);
}

}  // namespace foresee::data
