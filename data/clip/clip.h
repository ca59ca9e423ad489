#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "data/clip/frame_times.h"
#include "jepa/core/random.h"

namespace foresee {
class Fields;
}

namespace foresee::data {

/// What the target rate of a clip means.
enum class ClipRate {
  kTime,    // frames on show every 1 / fps seconds, whatever the rate of the video and however it varies
  kFrames,  // V-JEPA 2's rule: every so many frames of the video, from its mean rate rounded up; a bit more than the
            // rate says, and uneven in time where the video's own rate varies
};
inline constexpr std::pair<ClipRate, std::string_view> kClipRateNames[] = {{ClipRate::kTime, "time"},
                                                                           {ClipRate::kFrames, "frames"}};

/// Which frames of a video make a clip.
struct ClipConfig {
  int64_t frames = 16;  // frames of a clip
  double fps = 4;       // target rate, Hz; V-JEPA 2's 4
  ClipRate rate = ClipRate::kTime;
};
void describe(Fields& fields, ClipConfig& config);

/// A run of frames [begin, end) of one video of a set.
struct FrameRange {
  int64_t video = 0;
  int64_t begin = 0, end = 0;
};

/// Frames that a clip spans at the target rate: frames * step with step = floor(ceil(video fps) / fps), at least 1.
int64_t clip_span(double video_fps, const ClipConfig& config);

/// Picks the frames of one clip as V-JEPA 2's VideoDataset does (reference: src/datasets/video_dataset.py): the end is
/// uniform where the video is longer than the span, frames lie at linspace(start, end, frames) truncated to integers
/// (so the real spacing is span / (frames - 1)); a shorter video gives length / step frames and repeats its last one.
/// @param begin,end  frames [begin, end) that may be used, end > begin.
/// @param random  one draw is taken, whether it is needed or not.
/// @returns config.frames indices in [begin, end), never falling.
std::vector<int64_t> clip_indices(int64_t begin, int64_t end, double video_fps, const ClipConfig& config,
                                  RandomSequence& random);

/// Picks the frames of one clip by their times (ClipRate::kTime): the frames on show at start, start + 1 / fps, ...;
/// the start is uniform where frames [begin, end) last longer than the clip, else it is the first and the last is
/// repeated.
/// @param random  one draw is taken, whether it is needed or not.
/// @returns config.frames indices in [begin, end), never falling.
std::vector<int64_t> timed_clip(int64_t begin, int64_t end, const FrameTimes& times, const ClipConfig& config,
                                RandomSequence& random);
/// clip_indices or timed_clip, as config.rate says.
std::vector<int64_t> pick_clip(int64_t begin, int64_t end, const FrameTimes& times, double video_fps,
                               const ClipConfig& config, RandomSequence& random);

/// How the frames of a clip lie in their part of a video.
enum class ClipSampling {
  kSegments,  // Meta's VideoDataset with num_clips: linspace over the clip's span, so a bit more than a step apart
  kStride,    // a step apart exactly, as Hugging Face's examples; the last frame is repeated where the video ends
  kTime,      // 1 / fps seconds apart, by the times of the frames
};
inline constexpr std::pair<ClipSampling, std::string_view> kClipSamplingNames[] = {
    {ClipSampling::kSegments, "segments"}, {ClipSampling::kStride, "stride"}, {ClipSampling::kTime, "time"}};

/// Which clips of a whole video are looked at.
struct SegmentConfig {
  int64_t frames = 16;     // of a clip
  int64_t segments = 1;    // clips of a video, each from an equal part of it
  double fps = 4;          // target rate, Hz, as ClipConfig
  int64_t frame_step = 0;  // frames of the video from one of a clip to the next; 0: as fps says. V-JEPA 2's probes: 4
                           // with 16 frames, 2 with 64
  ClipSampling sampling = ClipSampling::kSegments;
};

/// The frames of every clip of a video. kSegments: what V-JEPA 2's frozen evaluations pick, without their random
/// windows: a clip lies at the begin of its part; clips of a video that is too short for all of them overlap, and one
/// that is shorter than a clip repeats its last frame but one (allow_clip_overlap).
/// @param length  frames of the video, >= 1.
/// @returns [segments][frames], each in [0, length), never falling inside a clip.
/// @pre config.sampling is not kTime.
std::vector<std::vector<int64_t>> segment_indices(int64_t length, double video_fps, const SegmentConfig& config);
/// The same by time (kTime with no frame_step): each clip begins at the begin of its equal part of the video, where
/// those are long enough; clips of a shorter video overlap, and its last frame is repeated.
std::vector<std::vector<int64_t>> timed_segments(const FrameTimes& times, const SegmentConfig& config);
/// segment_indices or timed_segments, as config says: a frame_step is always counted in frames.
std::vector<std::vector<int64_t>> pick_segments(const FrameTimes& times, double video_fps, SegmentConfig config);

}  // namespace foresee::data
