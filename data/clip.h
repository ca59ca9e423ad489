#pragma once

#include <cstdint>
#include <vector>

#include "jepa/core/random.h"

namespace foresee {
class Fields;
}

namespace foresee::data {

/// Which frames of a video make a clip.
struct ClipConfig {
  int64_t frames = 16;  // frames of a clip
  double fps = 4;       // target rate, Hz; V-JEPA 2's 4
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

}  // namespace foresee::data
