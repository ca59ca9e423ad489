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

/// Weight and bias of a linear map ([out, in] and [out]) or of a norm ([width] each); the bias may be undefined.
struct Affine {
  Tensor weight, bias;

  /// x weight^T + bias. @param x  float [..., in].
  Tensor linear(const Tensor& x) const;
  /// GELU(x weight^T + bias) (see foresee::linear_gelu).
  Tensor linear_gelu(const Tensor& x) const;
  /// LayerNorm over the last axis.
  Tensor layer_norm(const Tensor& x, double eps) const;
};

Affine add_linear(torch::nn::Module& module, const std::string& path, int64_t in, int64_t out, bool bias = true);
Affine add_norm(torch::nn::Module& module, const std::string& path, int64_t width);

}  // namespace foresee
