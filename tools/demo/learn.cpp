#include "tools/demo/learn.h"

#include "foresee/pretrain/pretrain_on.h"
#include "jepa/core/watch/metrics.h"
#include "tools/demo/asset.h"

namespace foresee::tools {

LearnedFromVideo learn_from_video(const data::VideoSet& videos, const DemoOptions& options, const JobControl& control) {
  PretrainRequest request;
  request.options = {.device = options.device == "cuda" ? Device::kCuda : Device::kCpu, .seed = options.seed};
  if (options.steps > 0) request.steps = options.steps;
  request.out = options.out / "pretrain";
  if (const auto encoder = shipped_encoder()) request.from = *encoder;  // else from fresh weights
  const PretrainResult result = pretrain_on(videos, request, control);
  LearnedFromVideo learned{.skill_start = metric(result.start, "skill"),
                           .skill = metric(result.held_out, "skill"),
                           .effective_rank_start = metric(result.start, "effective_rank"),
                           .effective_rank = metric(result.held_out, "effective_rank"),
                           .steps = result.steps,
                           .elapsed_s = result.seconds,
                           .run = result.run,
                           .hold_out_rule = result.hold_out_rule};
  for (const auto& file : videos.files) learned.videos.push_back(file.path);
  for (const auto& [path, reason] : videos.broken) learned.left_out.push_back(path.string() + ": " + reason);
  return learned;
}

}  // namespace foresee::tools
