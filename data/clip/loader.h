#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/clip/clip.h"
#include "data/clip/video_set.h"
#include "data/picture/transform.h"
#include "jepa/core/tensor.h"

namespace foresee {
class Fields;
}

namespace foresee::data {

/// How clips are drawn, decoded and made into batches.
struct VideoLoaderConfig {
  int64_t batch = 8;   // clips
  int64_t size = 224;  // pixels, height and width of the network's input
  ClipConfig clip;
  CropConfig crop;
  bool augment = true;     // random crop and flip; false: centre crop, the position still drawn from the seed
  int64_t short_side = 0;  // pixels: decode to this short side at most; 0: full size. Part of what a batch is
  int64_t cache_mb = 512;  // whole videos are kept decoded in memory when all of them fit in this; 0: never
  ColourConversion colours = ColourConversion::kExact;
  int64_t workers = 1;  // threads that decode ahead
  int64_t ahead = 2;    // batches that are ready or being made beyond the one asked for
};
void describe(Fields& fields, VideoLoaderConfig& config);

/// Where a clip came from.
struct ClipSource {
  int64_t video = 0;             // position in VideoSet::files
  std::vector<int64_t> indices;  // frame numbers
  Crop crop;
};

/// One batch.
struct VideoBatch {
  Tensor frames;                  // float [B, 3, T, size, size], normalised, contiguous
  std::vector<ClipSource> clips;  // B
};

/// Makes batches ahead of time on its own threads. batch(step) is a function of (seed, step), the files and the config:
/// workers, cache, earlier calls and their order do not change a bit of it. Each pass over the ranges takes every range
/// once, in an order of its own. A clip that does not decode is replaced by the next draw of its own random sequence;
/// its file is counted and named once.
class VideoLoader {
 public:
  /// @param ranges  what may be used: VideoSplit::train or held_out. @throws Error when empty.
  VideoLoader(const VideoSet& set, std::vector<FrameRange> ranges, VideoLoaderConfig config,
              Normalisation normalisation, uint64_t seed);
  ~VideoLoader();
  VideoLoader(const VideoLoader&) = delete;
  VideoLoader& operator=(const VideoLoader&) = delete;

  /// Begins to work on batch `step` and those after it.
  void start(int64_t step);
  /// Waits for batch `step`; cheapest when asked for in order. @throws DataError when no clip can be read.
  VideoBatch batch(int64_t step);

  /// Clips replaced so far because they did not decode.
  int64_t replaced_clips() const;
  /// True when all frames are in memory.
  bool cached() const;
  /// Seconds that batch() waited, in all: what the loader costs the training.
  double waited_s() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foresee::data
