#include "jepa/nn/packed_linear.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/torch.h>

namespace foresee {
namespace {

// oneDNN's operators, as LibTorch's own compiler calls them; nothing where this LibTorch is built without.
std::optional<c10::OperatorHandle> mkldnn_operator(const char* name) {
  return c10::Dispatcher::singleton().findSchema({name, ""});
}

// bfloat16 products are worth packing only where the processor has them; LibTorch refuses them elsewhere.
bool can_pack(at::ScalarType dtype) {
  static const bool has_bfloat16 = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  return dtype == at::kFloat || (dtype == at::kBFloat16 && has_bfloat16);
}

Tensor pack(const Tensor& weight, int64_t rows) {
  static const auto reorder = mkldnn_operator("mkldnn::_reorder_linear_weight");
  static const auto linear = mkldnn_operator("mkldnn::_linear_pointwise");
  if (!reorder || !linear || !weight.is_cpu() || !can_pack(weight.scalar_type())) return {};
  torch::jit::Stack stack{weight.contiguous(), rows};
  reorder->callBoxed(stack);
  return stack.front().toTensor();
}

}  // namespace

at::ScalarType dtype_of(Precision precision) { return precision == Precision::kBFloat16 ? at::kBFloat16 : at::kFloat; }

PackedLinear::PackedLinear(const Affine& map, at::ScalarType dtype, int64_t rows) {
  const torch::NoGradGuard no_grad;
  map_.weight = map.weight.detach().to(dtype);
  if (map.bias.defined()) map_.bias = map.bias.detach().to(dtype);
  packed_ = pack(map_.weight, rows);
  if (packed_.defined()) map_.weight = Tensor();
}

Tensor PackedLinear::apply(const Tensor& x, bool gelu) const {
  if (!packed_.defined()) return gelu ? at::gelu(map_.linear(x)) : map_.linear(x);
  static const auto linear = mkldnn_operator("mkldnn::_linear_pointwise");
  torch::jit::Stack stack{x,
                          packed_,
                          map_.bias.defined() ? c10::IValue(map_.bias) : c10::IValue(),
                          gelu ? "gelu" : "none",
                          c10::List<std::optional<at::Scalar>>(),
                          gelu ? c10::IValue("none") : c10::IValue()};
  linear->callBoxed(stack);
  return stack.front().toTensor();
}

}  // namespace foresee
