#pragma once

#include <cstdint>

namespace foresee {

// Learning rates and EMA momentum as functions of the step, as the reference implementations compute them
// (facebookresearch/vjepa2 src/utils/schedulers.py; stable-pretraining LinearWarmupCosineAnnealing).

/// V-JEPA 2 WarmupCosineSchedule. @param step  1 at the first iteration.
double warmup_cosine(int64_t step, int64_t warmup, int64_t total, double start, double peak, double final_value);

/// V-JEPA 2 cool-down (LinearDecaySchedule): peak + (step / total)(final - peak).
double linear_decay(int64_t step, int64_t total, double peak, double final_value);

/// V-JEPA 2-AC WSDSchedule: linear warm-up, constant, linear anneal over the last `anneal` of `total` steps.
double warmup_stable_decay(int64_t step, int64_t warmup, int64_t anneal, int64_t total, double start, double peak,
                           double final_value);

/// LeWM's schedule (fixtures/lewm/lr_schedule): linear warm-up from 0, then cosine. @param step  0 at the first update.
double lewm_learning_rate(int64_t step, int64_t warmup, int64_t total, double peak, double warmup_start,
                          double minimum);

/// The same from 0 to 0, with a warm-up over a share of the steps, at least one.
double lewm_learning_rate(int64_t step, double warmup_fraction, int64_t total, double peak);

/// V-JEPA 2 CosineWDSchedule: weight decay from `start` to `final_value` along half a cosine. @param step  1 at the
/// first iteration.
double cosine_weight_decay(int64_t step, int64_t total, double start, double final_value);

/// V-JEPA 2 EMA momentum: ema0 + step (ema1 - ema0) / total. @param step  0 at the first iteration.
double ema_momentum(int64_t step, int64_t total, double ema0, double ema1);

}  // namespace foresee
