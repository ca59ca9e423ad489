#include "jepa/core/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace foresee {

std::string describe(const Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  const auto sizes = tensor.sizes();
  // PyTorch's own dtype names ("float32"), which users know, instead of ATen's ("Float").
  std::string dtype = c10::getDtypeNames(tensor.scalar_type()).first;
  return fmt::format("[{}] {}", fmt::join(sizes.begin(), sizes.end(), ", "), dtype);
}

}  // namespace foresee
