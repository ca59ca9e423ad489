#include "jepa/train/ema.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {

void ema_update(torch::nn::Module& target, const torch::nn::Module& online, double momentum) {
  torch::NoGradGuard no_grad;
  const auto to = target.parameters(), from = online.parameters();
  FORESEE_CHECK(to.size() == from.size(), "expected {} parameters, got {}", to.size(), from.size());
  at::_foreach_mul_(to, momentum);
  at::_foreach_add_(to, from, 1.0 - momentum);
}

}  // namespace foresee
