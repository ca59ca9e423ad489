#include "data/clip/clip.h"

#include <algorithm>
#include <cmath>

#include "jepa/core/config.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

// Appends numpy.linspace(start, stop, count) truncated to integers, limited to [start, stop - 1], in numpy's
// arithmetic: the truncation turns a last-bit difference into another frame.
void append_linspace(std::vector<int64_t>& out, int64_t start, int64_t stop, int64_t count) {
  const auto length = static_cast<double>(stop - start);
  const double step = count > 1 ? length / static_cast<double>(count - 1) : 0.0;
  for (int64_t i = 0; i < count; ++i) {
    double at = static_cast<double>(i) * step + static_cast<double>(start);
    if (count > 1 && i == count - 1) at = static_cast<double>(stop);
    out.push_back(std::clamp(static_cast<int64_t>(at), start, stop - 1));
  }
}

// Frames of the video between two of the clip. Rates are compared after rounding up to whole frames a second, as
// upstream does; rates measured from rounded times (30.0003) count as the rate they mean.
int64_t frame_step(double video_fps, double target_fps) {
  if (!(video_fps > 0) || !std::isfinite(video_fps)) return 1;  // a single frame has no rate
  const double rounded_up = std::ceil(video_fps - 0.01);
  return std::max<int64_t>(1, static_cast<int64_t>(rounded_up / target_fps));
}

// The frames on show at start, start + 1 / fps, ..., inside [begin, end).
std::vector<int64_t> frames_from(double start_s, int64_t count, double fps, int64_t begin, int64_t end,
                                 const FrameTimes& times) {
  std::vector<int64_t> indices;
  indices.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i)
    indices.push_back(std::clamp(times.frame_at(start_s + static_cast<double>(i) / fps), begin, end - 1));
  return indices;
}

}  // namespace

void describe(Fields& f, ClipConfig& c) {
  f("frames", c.frames, "frames of a clip", {1, 4096});
  f("fps", c.fps, "target rate of a clip, Hz", {1e-3, 1000});
  f.choice("rate", c.rate, kClipRateNames,
           "what fps means. time: frames every 1 / fps seconds; frames: V-JEPA 2's rule of counting frames");
}

int64_t clip_span(double video_fps, const ClipConfig& config) {
  return config.frames * frame_step(video_fps, config.fps);
}

std::vector<int64_t> clip_indices(int64_t begin, int64_t end, double video_fps, const ClipConfig& config,
                                  RandomSequence& random) {
  FORESEE_CHECK(begin >= 0 && end > begin, "expected frames to choose from, got [{}, {})", begin, end);
  const int64_t length = end - begin, span = clip_span(video_fps, config);
  const double draw = random.uniform();
  std::vector<int64_t> indices;
  indices.reserve(static_cast<size_t>(config.frames));
  if (length > span) {
    const int64_t start = begin + static_cast<int64_t>(draw * static_cast<double>(length - span));
    append_linspace(indices, start, start + span, config.frames);
  } else {
    append_linspace(indices, begin, end, length / frame_step(video_fps, config.fps));
    indices.resize(static_cast<size_t>(config.frames), end - 1);
  }
  return indices;
}

std::vector<int64_t> timed_clip(int64_t begin, int64_t end, const FrameTimes& times, const ClipConfig& config,
                                RandomSequence& random) {
  FORESEE_CHECK(begin >= 0 && end > begin && end <= times.count(), "expected frames to choose from, got [{}, {})",
                begin, end);
  const double draw = random.uniform(), first_s = times.start_s(begin);
  const double room_s = times.stop_s(end - 1) - first_s - static_cast<double>(config.frames) / config.fps;
  return frames_from(first_s + draw * std::max(0.0, room_s), config.frames, config.fps, begin, end, times);
}

std::vector<int64_t> pick_clip(int64_t begin, int64_t end, const FrameTimes& times, double video_fps,
                               const ClipConfig& config, RandomSequence& random) {
  return config.rate == ClipRate::kTime ? timed_clip(begin, end, times, config, random)
                                        : clip_indices(begin, end, video_fps, config, random);
}

std::vector<std::vector<int64_t>> timed_segments(const FrameTimes& times, const SegmentConfig& config) {
  FORESEE_CHECK(config.frames > 0 && config.segments > 0 && config.fps > 0,
                "expected clips of at least a frame at a positive rate, got {} of {} frames", config.segments,
                config.frames);
  const int64_t count = times.count();
  const double begin_s = times.start_s(0), length_s = times.stop_s(count - 1) - begin_s;
  const double span_s = static_cast<double>(config.frames) / config.fps;
  const auto parts = static_cast<double>(config.segments);
  double shift_s = length_s / parts;
  if (shift_s < span_s) shift_s = config.segments > 1 ? std::max(0.0, length_s - span_s) / (parts - 1) : 0;
  std::vector<std::vector<int64_t>> clips;
  for (int64_t i = 0; i < config.segments; ++i)
    clips.push_back(
        frames_from(begin_s + static_cast<double>(i) * shift_s, config.frames, config.fps, 0, count, times));
  return clips;
}

std::vector<std::vector<int64_t>> pick_segments(const FrameTimes& times, double video_fps, SegmentConfig config) {
  if (config.sampling == ClipSampling::kTime) {
    if (config.frame_step == 0) return timed_segments(times, config);
    config.sampling = ClipSampling::kSegments;
  }
  return segment_indices(times.count(), video_fps, config);
}

std::vector<std::vector<int64_t>> segment_indices(int64_t length, double video_fps, const SegmentConfig& config) {
  FORESEE_CHECK(length > 0, "expected frames to choose from, got {}", length);
  FORESEE_CHECK(
      config.frames > 0 && config.segments > 0 && config.frame_step >= 0 && (config.frame_step || config.fps > 0),
      "expected clips of at least a frame at a positive rate, got {} of {} frames", config.segments, config.frames);
  const int64_t step = config.frame_step > 0 ? config.frame_step : frame_step(video_fps, config.fps);
  const int64_t span = config.frames * step, part = length / config.segments;
  std::vector<std::vector<int64_t>> clips(static_cast<size_t>(config.segments));
  for (int64_t i = 0; i < config.segments; ++i) {
    auto& clip = clips[static_cast<size_t>(i)];
    const int64_t shift = length > span && config.segments > 1 ? (length - span) / (config.segments - 1) : 0;
    if (config.sampling == ClipSampling::kStride) {
      for (int64_t k = 0; k < config.frames; ++k) clip.push_back(std::min(i * shift + k * step, length - 1));
      continue;
    }
    if (part > span) {
      append_linspace(clip, i * part, i * part + span, config.frames);
      continue;
    }
    // As upstream, the last frame of the span is left out, and a single clip begins at 0.
    const int64_t last = std::max<int64_t>(1, std::min(span, length) - 1);
    append_linspace(clip, 0, last, last / step);
    clip.resize(static_cast<size_t>(config.frames), last - 1);
    for (int64_t& index : clip) index = std::min(index + i * shift, length - 1);
  }
  return clips;
}

}  // namespace foresee::data
