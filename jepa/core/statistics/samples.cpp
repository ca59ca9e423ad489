#include "jepa/core/statistics/samples.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "jepa/core/error.h"
#include "jepa/core/random.h"

namespace foresee {
namespace {

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Efron's acceleration: a sixth of the skewness of the statistic without one member.
double acceleration(int64_t n, const Statistic& statistic) {
  std::vector<double> without;
  std::vector<int64_t> others(static_cast<size_t>(n - 1));
  for (int64_t left_out = 0; left_out < n; ++left_out) {
    for (int64_t i = 0; i < n - 1; ++i) others[static_cast<size_t>(i)] = i < left_out ? i : i + 1;
    without.push_back(statistic(others));
  }
  const double centre = mean(without);
  double squares = 0, cubes = 0;
  for (const double value : without) squares += std::pow(centre - value, 2), cubes += std::pow(centre - value, 3);
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
}

}  // namespace

double quantile(std::vector<double> values, double q) {
  FORESEE_CHECK(!values.empty() && 0 <= q && q <= 1, "expected values and 0 <= q <= 1, got {} values and q {}",
                values.size(), q);
  std::sort(values.begin(), values.end());
  const double place = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

std::vector<double> ranks(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> out(values.size());
  for (size_t first = 0, end = 0; first < order.size(); first = end) {
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    for (size_t i = first; i < end; ++i) out[order[i]] = static_cast<double>(first + end + 1) / 2;
  }
  return out;
}

double spearman(std::span<const double> a, std::span<const double> b) {
  FORESEE_CHECK(a.size() == b.size() && a.size() >= 2, "expected two or more pairs, got {} and {} values", a.size(),
                b.size());
  const std::vector<double> x = ranks(a), y = ranks(b);
  const double centre = mean(x);  // the same of both
  double xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - centre) * (y[i] - centre);
    xx += (x[i] - centre) * (x[i] - centre);
    yy += (y[i] - centre) * (y[i] - centre);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : std::numeric_limits<double>::quiet_NaN();
}

Interval bootstrap_interval(int64_t n, const Statistic& statistic, uint64_t seed, int64_t resamples) {
  FORESEE_CHECK(n >= 2 && resamples >= 100, "expected 2 or more members and 100 or more draws, got {} and {}", n,
                resamples);
  std::vector<int64_t> chosen(static_cast<size_t>(n));
  std::iota(chosen.begin(), chosen.end(), int64_t{0});
  const double seen = statistic(chosen);
  std::vector<double> drawn;
  double below = 0;
  for (int64_t draw = 0; draw < resamples; ++draw) {
    RandomSequence random(Random(seed, Stream::kEvalStarts, static_cast<uint64_t>(draw)));
    for (int64_t& member : chosen) member = random.integer(n);
    drawn.push_back(statistic(chosen));
    below += drawn.back() < seen ? 1 : drawn.back() == seen ? 0.5 : 0;
  }
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const auto [least, most] = std::minmax_element(drawn.begin(), drawn.end());
  if (!(*least < *most)) return {kNone, kNone};
  const boost::math::normal normal;
  // At least half a draw on either side: else the normal's quantile is infinite.
  const double share = std::clamp(below / static_cast<double>(resamples), 0.5 / static_cast<double>(resamples),
                                  1 - 0.5 / static_cast<double>(resamples));
  const double bias = boost::math::quantile(normal, share), skew = acceleration(n, statistic);
  const auto bound = [&](double tail) {
    const double z = bias + boost::math::quantile(normal, tail);
    return quantile(drawn, boost::math::cdf(normal, bias + z / (1 - skew * z)));
  };
  return {bound(0.025), bound(0.975)};
}

}  // namespace foresee
