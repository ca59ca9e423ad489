#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <string>

#include "jepa/core/tensor.h"

namespace foresee {

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

/// Registers the tensors of a linear map or a norm below `path` of `module` (Note [Parameter trees]).
Affine add_linear(torch::nn::Module& module, const std::string& path, int64_t in, int64_t out, bool bias = true);
Affine add_norm(torch::nn::Module& module, const std::string& path, int64_t width);

}  // namespace foresee
