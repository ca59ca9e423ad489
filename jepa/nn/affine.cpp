#include "jepa/nn/affine.h"

#include "jepa/core/parameter_tree.h"
#include "jepa/core/torch.h"
#include "jepa/nn/fast/linear_gelu.h"

namespace foresee {

Tensor Affine::linear(const Tensor& x) const { return at::linear(x, weight, bias); }

Tensor Affine::linear_gelu(const Tensor& x) const { return foresee::linear_gelu(x, weight, bias); }

Tensor Affine::layer_norm(const Tensor& x, double eps) const {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, eps, /*cudnn_enable=*/false);
}

Affine add_linear(torch::nn::Module& module, const std::string& path, int64_t in, int64_t out, bool bias) {
  Affine affine{add_parameter(module, path + ".weight", {out, in}), {}};
  if (bias) affine.bias = add_parameter(module, path + ".bias", {out});
  return affine;
}

Affine add_norm(torch::nn::Module& module, const std::string& path, int64_t width) {
  return {add_parameter(module, path + ".weight", {width}), add_parameter(module, path + ".bias", {width})};
}

}  // namespace foresee
