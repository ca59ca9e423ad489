#pragma once

#include <cstdint>
#include <vector>

namespace foresee::planner {

/// numpy.random.default_rng(seed).choice(population, size=count, replace=False), sorted: the rows that evaluations in
/// Python start from. NumPy's SeedSequence, PCG64 (O'Neill 2014, XSL-RR 128/64), Lemire's bounded integers and Floyd's
/// sampling (or, for more than a twentieth of 10,000 and more, a tail shuffle), number for number.
/// @pre 0 <= count <= population < 2^32.
std::vector<int64_t> numpy_choice(uint64_t seed, int64_t population, int64_t count);

}  // namespace foresee::planner
