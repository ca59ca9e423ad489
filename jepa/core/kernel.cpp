#include "jepa/core/kernel.h"

#include <ATen/autocast_mode.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {

bool takes_fused(Kernel kernel, bool suits, const char* what, const Tensor& got) {
  FORESEE_CHECK(suits || kernel != Kernel::kFused, "the fused kernel expected {}, got {}", what, describe(got));
  return suits && kernel != Kernel::kPlain;
}

bool is_plain_cpu_float(const Tensor& x) {
  return x.is_cpu() && x.scalar_type() == at::kFloat && !at::autocast::is_autocast_enabled(at::kCPU);
}

}  // namespace foresee
