#include "tools/demo/learn.h"

#include "foresee/pretrain/pretrain_run.h"

namespace foresee::tools {

LearnedFromVideo learn_from_video(const data::VideoSet& videos, const DemoOptions& options, const JobControl& control) {
  PretrainRequest request{.preset = "vjepa2-nano",
                          .recipe = pretrain_recipe("vjepa2-nano"),
                          .seed = options.seed,
                          .device = at::Device(options.device),
                          .out = options.out / "pretrain"};
  if (options.steps > 0) request.recipe.loop.steps = options.steps;
  const PretrainOutcome outcome = run_pretraining(videos, request, control);
  LearnedFromVideo learned{.skill_start = metric(outcome.start, "skill"),
                           .skill = metric(outcome.end, "skill"),
                           .effective_rank_start = metric(outcome.start, "effective_rank"),
                           .effective_rank = metric(outcome.end, "effective_rank"),
                           .steps = outcome.steps,
                           .elapsed_s = outcome.seconds,
                           .run = request.out,
                           .hold_out_rule = outcome.hold_out_rule};
  for (const auto& file : videos.files) learned.videos.push_back(file.path);
  for (const auto& [path, reason] : videos.broken) learned.left_out.push_back(path.string() + ": " + reason);
  return learned;
}

}  // namespace foresee::tools
