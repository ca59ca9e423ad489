#include "foresee/pretrain/check_clips.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

// Of normalised pixels: about eight grey levels, which compression may make of one picture.
constexpr double kSame = 0.15;

/// Clips that do not overlap.
int64_t clips_apart(const data::VideoSet& videos, const std::vector<data::FrameRange>& ranges,
                    const data::ClipConfig& clip) {
  int64_t count = 0;
  for (const data::FrameRange& range : ranges) {
    const double fps = videos.files[static_cast<size_t>(range.video)].info.average_fps;
    count += std::max<int64_t>(1, (range.end - range.begin) / std::max<int64_t>(1, data::clip_span(fps, clip)));
  }
  return count;
}

}  // namespace

void check_clips(const data::VideoSet& videos, const std::vector<data::FrameRange>& ranges,
                 const data::VideoLoaderConfig& config, const data::VideoBatch& sample) {
  // Coarse, so that what compression makes of a still picture does not count: [B, 3, T, h * w], then [B, 3, T * h * w].
  const Tensor frames = at::avg_pool2d(sample.frames.flatten(0, 2).unsqueeze(1), 4)
                            .reshape({sample.frames.size(0), 3, sample.frames.size(2), -1});
  const Tensor pixels = frames.flatten(2);
  if ((pixels.amax(2) - pixels.amin(2) <= kSame).all().item<bool>())
    fail<DataError>("the videos show nothing: every frame of {} clips has one colour", pixels.size(0));
  const auto other = std::find_if(sample.clips.begin(), sample.clips.end(), [&](const data::ClipSource& clip) {
    return clip.video != sample.clips.front().video || clip.indices != sample.clips.front().indices;
  });
  const bool still = ((frames - frames.narrow(2, 0, 1)).abs() <= kSame).all().item<bool>();
  if ((still || other != sample.clips.end()) && ((pixels - pixels[0].unsqueeze(0)).abs() <= kSame).all().item<bool>())
    fail<DataError>("the videos never change: {} clips are the same, picture for picture", pixels.size(0));
  const int64_t clips = clips_apart(videos, ranges, config.clip);
  if (clips < config.batch)
    log_warning(
        "there are {} clips that do not overlap, and a batch has {}: the same moments come several times per step; "
        "more "
        "video gives better features",
        clips, config.batch);
}

}  // namespace foresee
