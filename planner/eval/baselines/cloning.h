#pragma once

#include <cstdint>
#include <functional>

#include "jepa/core/api/job.h"
#include "planner/eval/baselines/picture_bank.h"
#include "planner/eval/runner.h"

namespace foresee::planner {

/// What behaviour cloning learned. @param now, goal  uint8 [B, 3, kBankSize, kBankSize]. @returns float [B, A],
/// environment units. Called from several threads.
using CloningPolicy = std::function<Tensor(const Tensor& now, const Tensor& goal)>;

/// Fits it to recorded episodes. @param horizon  rows from a picture to its goal, at most. @param seed  of weights and
/// draws.
using CloningFitter =
    std::function<CloningPolicy(const PictureBank& bank, int64_t horizon, uint64_t seed, const JobControl& control)>;

/// Acts by a policy from pictures; actions keep to the environment's limits.
MethodFactory cloning_method(const CloningPolicy& policy);

}  // namespace foresee::planner
