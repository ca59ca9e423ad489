#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "jepa/model/vjepa2/masks.h"
#include "jepa/model/vjepa2/vjepa2.h"
#include "jepa/train/adamw.h"
#include "jepa/train/later_keys.h"
#include "jepa/train/masked/schedule.h"
#include "jepa/train/masked/step.h"

namespace foresee {

/// Keys of a run that came later.
inline constexpr LaterKey kPretrainLaterKeys[] = {
    {"/loader/clip/rate", R"("frames")"},        {"/loader/colours", R"("exact")"},
    {"/objective/regulariser", R"("weighted")"}, {"/objective/context", "0.0"},
    {"/objective/target_levels", "1"},           {"/objective/steady", "1.0"},
    {"/objective/sigreg_tokens", "1.0"},         {"/objective/sigreg_pooled", "0.0"},
    {"/objective/context_warmup", "[0.0, 0.0]"}, {"/model/predictor/levels", "1"},
    {"/model/predictor/context_output", "false"}};

/// Both groups of masks of a step; each has its own part in the loss.
struct PretrainMasks {
  MaskConfig short_range;                            // several small blocks
  MaskConfig long_range = MaskConfig::long_range();  // a few large ones

  std::array<MaskConfig, 2> groups() const { return {short_range, long_range}; }
};
void describe(Fields& fields, PretrainMasks& config);

/// AdamW and its schedules. Lengths are shares of the run's steps, so that a short run has the shape of a long one.
/// Defaults: V-JEPA 2's published pre-training (configs/train/vitg16/pretrain-256px-16f.yaml).
struct PretrainOptimizer {
  RateShape shape = RateShape::kWarmupCosine;
  double start_rate = 1e-4;     // learning rate of the first step
  double peak_rate = 5.25e-4;   // after the warm-up
  double final_rate = 5.25e-4;  // at the end of the schedule
  double warmup = 0.05;         // share of the steps (40 of 800 epochs)
  double anneal = 0;            // share of the steps at the end with a falling rate; warmup_stable_decay only
  double weight_decay = 0.04;   // of matrices, kernels and mask tokens
  double final_weight_decay = 0.04;
  double ema_start = 0.99925;  // momentum of the target encoder
  double ema_end = 0.99925;
  double stretch = 1.25;  // schedules are made for so many times the steps ("ipe_scale")
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;

  /// The published cool-down (configs/train/vitl16/cooldown-256px-64f.yaml): no warm-up, the rate falls from the first
  /// step on, in a straight line to 1e-6 that `stretch` cuts at 80 %.
  void cool_down();

  PretrainSchedule schedule(int64_t steps) const;
  AdamW::Options adamw() const { return {beta1, beta2, eps}; }
};
void describe(Fields& fields, PretrainOptimizer& config);

/// What is pre-trained and how, apart from the data.
struct PretrainConfig {
  Vjepa2Config model;
  PretrainMasks masks;
  PretrainOptimizer optimizer;
  PretrainObjective objective;

  void validate() const;
};
void describe(Fields& fields, PretrainConfig& config);

}  // namespace foresee
