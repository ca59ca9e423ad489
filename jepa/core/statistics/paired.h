#pragma once

#include <cstdint>
#include <span>

#include "jepa/core/statistics/proportions.h"

namespace foresee {

/// How two methods did on the same starts.
struct PairedOutcomes {
  int64_t both = 0, first_only = 0, second_only = 0, neither = 0;  // starts that were solved by ...

  int64_t n() const { return both + first_only + second_only + neither; }
};

/// Counts them. @param first, second  outcomes of the same starts in the same order, nonzero for success.
/// @throws Error for another number of them.
PairedOutcomes paired_outcomes(std::span<const uint8_t> first, std::span<const uint8_t> second);

/// Difference of the two success rates with the score interval for paired data (Newcombe 1998, "Improved confidence
/// intervals for the difference between binomial proportions based on paired data", method 10). Without starts: -1
/// .. 1.
Difference paired_difference(const PairedOutcomes& outcomes);

/// McNemar's exact test, two-sided: the probability of starts that tell the methods apart being split at least as
/// unevenly, if the methods were equally good (a binomial of 1/2). 1 where no start tells them apart.
double mcnemar_p(const PairedOutcomes& outcomes);

/// The same question for one who looks after every episode and stops when it is answered: 1 / e, where e is the mean
/// likelihood of the starts that tell the methods apart, over all chances from 0 to 1, against a chance of 1/2 (a test
/// martingale; Ville 1939, Robbins 1970). However often one looks, it falls below alpha with a probability of at most
/// alpha when the methods are equally good.
double anytime_p(const PairedOutcomes& outcomes);

}  // namespace foresee
