#include "jepa/nn/dropout.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {

Tensor Dropout::operator()(const Tensor& x, double p) {
  FORESEE_CHECK(p >= 0 && p < 1, "expected a dropout probability in [0, 1), got {}", p);
  if (p == 0) return x;
  const Tensor mask = random_.uniform_tensor(x.sizes(), next_).ge_(p).mul_(1.0 / (1.0 - p));
  next_ += static_cast<uint64_t>(x.numel());
  return x * mask.to(x.device(), x.scalar_type());
}

}  // namespace foresee
