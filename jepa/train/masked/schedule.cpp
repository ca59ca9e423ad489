#include "jepa/train/masked/schedule.h"

#include "jepa/core/error.h"
#include "jepa/train/schedule.h"

namespace foresee {
namespace {

// Upstream's int(): towards zero.
int64_t whole(double value) { return static_cast<int64_t>(value); }

// The factors in upstream's order: the product is truncated, and its last bit can matter.
int64_t total_steps(const PretrainSchedule& s) {
  if (s.shape == RateShape::kWarmupStableDecay) return whole(s.epochs * s.steps_per_epoch);
  return whole(s.stretch * s.epochs * s.steps_per_epoch);
}

double learning_rate(const PretrainSchedule& s, int64_t step) {
  const int64_t total = total_steps(s), warmup = whole(s.warmup_epochs * s.steps_per_epoch);
  switch (s.shape) {
    case RateShape::kWarmupCosine:
      return warmup_cosine(step, warmup, total, s.start_rate, s.peak_rate, s.final_rate);
    case RateShape::kLinearDecay:
      return linear_decay(step, total, s.peak_rate, s.final_rate);
    case RateShape::kWarmupStableDecay:
      return warmup_stable_decay(step, warmup, whole(s.anneal_epochs * s.steps_per_epoch), total, s.start_rate,
                                 s.peak_rate, s.final_rate);
  }
  fail<InternalError>("unknown rate shape");
}

// The i-th of int(n) + 1 values, n = steps * epochs * stretch not rounded: so not schedule.h's ema_momentum.
std::optional<double> momentum(const PretrainSchedule& s, int64_t i) {
  const double n = s.steps_per_epoch * s.epochs * s.stretch;
  if (i > whole(n)) return std::nullopt;
  return s.ema_start + static_cast<double>(i) * (s.ema_end - s.ema_start) / n;
}

}  // namespace

StepRates rates_at(const PretrainSchedule& schedule, int64_t step) {
  FORESEE_CHECK(step >= 1, "expected a step of 1 or more, got {}", step);
  return {learning_rate(schedule, step),
          cosine_weight_decay(step, total_steps(schedule), schedule.weight_decay, schedule.final_weight_decay),
          momentum(schedule, step - 1)};
}

}  // namespace foresee
