#include "jepa/core/statistics.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "jepa/core/error.h"

namespace foresee {

SuccessRate success_rate(int64_t successes, int64_t n) {
  FORESEE_CHECK(0 <= successes && successes <= n, "expected 0 .. {} successes, got {}", n, successes);
  if (n == 0) return {};
  static const double z = boost::math::quantile(boost::math::normal(), 0.975);  // two-sided 95 %
  const double count = static_cast<double>(n), p = static_cast<double>(successes) / count;
  const double shrink = 1 + z * z / count;
  const double centre = (p + z * z / (2 * count)) / shrink;
  const double half = z * std::sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / shrink;
  // At the ends the bound is exact; rounding would leave 1e-17.
  return {p, successes == 0 ? 0.0 : centre - half, successes == n ? 1.0 : centre + half, n};
}

double quantile(std::vector<double> values, double q) {
  FORESEE_CHECK(!values.empty() && 0 <= q && q <= 1, "expected values and 0 <= q <= 1, got {} values and q {}",
                values.size(), q);
  std::sort(values.begin(), values.end());
  const double place = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

}  // namespace foresee
