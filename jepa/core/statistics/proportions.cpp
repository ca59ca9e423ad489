#include "jepa/core/statistics/proportions.h"

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "jepa/core/error.h"

namespace foresee {
namespace {

constexpr double kTail = 0.025;  // two-sided 95 %

void require_counts(int64_t successes, int64_t n) {
  FORESEE_CHECK(0 <= successes && successes <= n, "expected 0 .. {} successes, got {}", n, successes);
}

}  // namespace

SuccessRate success_rate(int64_t successes, int64_t n) {
  require_counts(successes, n);
  if (n == 0) return {};
  static const double z = boost::math::quantile(boost::math::normal(), 1 - kTail);
  const double count = static_cast<double>(n), p = static_cast<double>(successes) / count;
  const double shrink = 1 + z * z / count;
  const double centre = (p + z * z / (2 * count)) / shrink;
  const double half = z * std::sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / shrink;
  // At the ends the bound is exact; rounding would leave 1e-17.
  return {p, successes == 0 ? 0.0 : centre - half, successes == n ? 1.0 : centre + half, n};
}

Interval exact_interval(int64_t successes, int64_t n) {
  require_counts(successes, n);
  if (n == 0) return {};
  using boost::math::binomial;
  const auto trials = static_cast<double>(n), good = static_cast<double>(successes);
  return {successes == 0 ? 0 : binomial::find_lower_bound_on_p(trials, good, kTail),
          successes == n ? 1 : binomial::find_upper_bound_on_p(trials, good, kTail)};
}

Difference difference_of(const SuccessRate& first, const SuccessRate& second) {
  const double difference = first.rate - second.rate;
  return {difference, difference - std::hypot(first.rate - first.low, second.high - second.rate),
          difference + std::hypot(first.high - first.rate, second.rate - second.low)};
}

}  // namespace foresee
