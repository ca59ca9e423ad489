#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <string>

#include "jepa/core/tensor.h"

namespace foresee {

// Note [Parameter trees]
// Published checkpoints name their tensors after the nesting of Python modules
// ("encoder.encoder.layer.0.attention.attention.query.weight"). A family registers its tensors under exactly these
// dotted paths and keeps plain handles to them; the groups in between exist only to carry the names. Values are zeros
// until an initialiser or a checkpoint fills them.

/// Registers a float32 parameter at a dotted path below `module`, making the groups in between.
Tensor add_parameter(torch::nn::Module& module, const std::string& path, at::IntArrayRef shape);
/// The same for a buffer.
Tensor add_buffer(torch::nn::Module& module, const std::string& path, const Tensor& value);

}  // namespace foresee
