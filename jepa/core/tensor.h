#pragma once

#include <torch/types.h>

#include <map>
#include <string>

namespace foresee {

using at::Tensor;

/// Tensors by name, in the order of their names: a state dict, the content of a safetensors file.
using TensorMap = std::map<std::string, Tensor>;

/// "[2, 3, 4] float32": shape and dtype for messages.
std::string describe(const Tensor& tensor);

}  // namespace foresee
