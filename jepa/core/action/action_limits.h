#pragma once

#include <string>
#include <vector>

#include "jepa/core/action/action_spec.h"

namespace foresee {

/// Puts limits of one's own in place of those that actions have. A number that never moves (its limits are one value)
/// keeps that value: nothing is known of what it does.
/// @param low, high  of every number of an action, or one for all of them, its own units; empty: as they are.
/// @param keys  what messages call the two: "action_low, action_high".
/// @throws ConfigError for another size, a low above its high, or where they exclude what never moves.
void set_limits(ActionSpec& spec, const std::vector<double>& low, const std::vector<double>& high,
                const std::string& keys = "action_low, action_high");

/// Cuts actions to the limits. @param actions  [..., size], the environment's units. @returns the same shape.
Tensor within_limits(const ActionSpec& spec, const Tensor& actions);

}  // namespace foresee
