#pragma once

#include <torch/nn/module.h>

namespace foresee {

/// Moves a target network towards the online one: target = momentum * target + (1 - momentum) * online, parameter by
/// parameter, without gradients. @pre both have the same parameters in the same order.
void ema_update(torch::nn::Module& target, const torch::nn::Module& online, double momentum);

}  // namespace foresee
