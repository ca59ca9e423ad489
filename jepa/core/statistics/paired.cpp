#include "jepa/core/statistics/paired.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "jepa/core/error.h"

namespace foresee {

PairedOutcomes paired_outcomes(std::span<const uint8_t> first, std::span<const uint8_t> second) {
  FORESEE_CHECK(first.size() == second.size(), "expected outcomes of the same starts, got {} and {}", first.size(),
                second.size());
  PairedOutcomes out;
  for (size_t i = 0; i < first.size(); ++i) {
    const bool a = first[i] != 0, b = second[i] != 0;
    ++(a && b ? out.both : a ? out.first_only : b ? out.second_only : out.neither);
  }
  return out;
}

Difference paired_difference(const PairedOutcomes& outcomes) {
  if (outcomes.n() == 0) return {};
  const auto a = static_cast<double>(outcomes.both), b = static_cast<double>(outcomes.first_only),
             c = static_cast<double>(outcomes.second_only), d = static_cast<double>(outcomes.neither);
  const double n = a + b + c + d;
  const SuccessRate first = success_rate(outcomes.both + outcomes.first_only, outcomes.n()),
                    second = success_rate(outcomes.both + outcomes.second_only, outcomes.n());
  // The correlation of the two outcomes, with Newcombe's correction towards 0 where it is positive.
  const double margins = (a + b) * (c + d) * (a + c) * (b + d);
  double excess = a * d - b * c;
  if (excess > 0) excess = std::max(excess - n / 2, 0.0);
  const double phi = margins > 0 ? excess / std::sqrt(margins) : 0;
  const auto width = [phi](double x, double y) { return std::sqrt(std::max(x * x - 2 * phi * x * y + y * y, 0.0)); };
  const double difference = first.rate - second.rate;
  return {difference, difference - width(first.rate - first.low, second.high - second.rate),
          difference + width(first.high - first.rate, second.rate - second.low)};
}

double mcnemar_p(const PairedOutcomes& outcomes) {
  const int64_t apart = outcomes.first_only + outcomes.second_only;
  if (apart == 0) return 1;
  const boost::math::binomial even(static_cast<double>(apart), 0.5);
  return std::min(1.0,
                  2 * boost::math::cdf(even, static_cast<double>(std::min(outcomes.first_only, outcomes.second_only))));
}

double anytime_p(const PairedOutcomes& outcomes) {
  const auto b = static_cast<double>(outcomes.first_only), c = static_cast<double>(outcomes.second_only);
  // log e = log B(b + 1, c + 1) + (b + c) log 2
  const double log_e = boost::math::lgamma(b + 1) + boost::math::lgamma(c + 1) - boost::math::lgamma(b + c + 2) +
                       (b + c) * std::log(2.0);
  return std::min(1.0, std::exp(-log_e));
}

}  // namespace foresee
