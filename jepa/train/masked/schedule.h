#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace foresee {

/// How the learning rate runs in V-JEPA 2 (facebookresearch/vjepa2 src/utils/schedulers.py).
enum class RateShape {
  kWarmupCosine,       // pre-training
  kLinearDecay,        // cool-down
  kWarmupStableDecay,  // action-conditioned post-training
};

inline constexpr std::pair<RateShape, std::string_view> kRateShapeNames[] = {
    {RateShape::kWarmupCosine, "warmup_cosine"},
    {RateShape::kLinearDecay, "linear_decay"},
    {RateShape::kWarmupStableDecay, "warmup_stable_decay"}};

/// Learning rate, weight decay and EMA momentum of a run, in upstream's terms.
struct PretrainSchedule {
  RateShape shape = RateShape::kWarmupCosine;
  double start_rate = 1e-4, peak_rate = 5.25e-4, final_rate = 5.25e-4;  // final: as peak in the published runs
  double weight_decay = 0.04, final_weight_decay = 0.04;
  double ema_start = 0.99925, ema_end = 0.99925;
  double epochs = 800, steps_per_epoch = 300;
  double warmup_epochs = 40, anneal_epochs = 0;  // anneal: kWarmupStableDecay only
  double stretch = 1.25;  // "ipe_scale": the schedules are made for so many times the steps and never reach their end
};

/// The numbers of one step.
struct StepRates {
  double learning_rate = 0, weight_decay = 0;
  std::optional<double> ema_momentum;  // nothing past the end of upstream's generator
};

/// @param step  1 at the first.
StepRates rates_at(const PretrainSchedule& schedule, int64_t step);

}  // namespace foresee
