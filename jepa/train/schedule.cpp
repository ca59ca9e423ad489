#include "jepa/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace foresee {
namespace {

// The order of operations below is the reference's: recorded values agree to the last bit.

double fraction(int64_t step, int64_t total) {
  return static_cast<double>(step) / static_cast<double>(std::max<int64_t>(1, total));
}

/// `from` at progress 0, `to` at progress 1.
double half_cosine(double from, double to, double progress) {
  return to + (from - to) * 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
}

}  // namespace

double warmup_cosine(int64_t step, int64_t warmup, int64_t total, double start, double peak, double final_value) {
  if (step < warmup) return start + fraction(step, warmup) * (peak - start);
  return std::max(final_value, half_cosine(peak, final_value, fraction(step - warmup, total - warmup)));
}

double linear_decay(int64_t step, int64_t total, double peak, double final_value) {
  return peak + fraction(step, total) * (final_value - peak);
}

double warmup_stable_decay(int64_t step, int64_t warmup, int64_t anneal, int64_t total, double start, double peak,
                           double final_value) {
  if (step < warmup) return start + fraction(step, warmup) * (peak - start);
  if (step < total - anneal) return peak;
  return peak + fraction(step - (total - anneal), anneal) * (final_value - peak);
}

double lewm_learning_rate(int64_t step, int64_t warmup, int64_t total, double peak, double warmup_start,
                          double minimum) {
  if (step < warmup) return warmup_start + fraction(step, warmup) * (peak - warmup_start);
  return half_cosine(peak, minimum, fraction(step - warmup, total - warmup));
}

double lewm_learning_rate(int64_t step, double warmup_fraction, int64_t total, double peak) {
  const auto warmup = static_cast<int64_t>(warmup_fraction * static_cast<double>(total));
  return lewm_learning_rate(step, std::max<int64_t>(1, warmup), total, peak, 0.0, 0.0);
}

double cosine_weight_decay(int64_t step, int64_t total, double start, double final_value) {
  const double value = half_cosine(start, final_value, fraction(step, total));
  return final_value <= start ? std::max(final_value, value) : std::min(final_value, value);
}

double ema_momentum(int64_t step, int64_t total, double ema0, double ema1) {
  return ema0 + static_cast<double>(step) * (ema1 - ema0) / static_cast<double>(std::max<int64_t>(1, total));
}

}  // namespace foresee
