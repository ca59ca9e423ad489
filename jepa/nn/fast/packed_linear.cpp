#include "jepa/nn/fast/packed_linear.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include "jepa/core/torch.h"

namespace foresee {
namespace {

// oneDNN's operators, as LibTorch's own compiler calls them; nothing where this LibTorch is built without.
std::optional<c10::OperatorHandle> mkldnn_operator(const char* name) {
  return c10::Dispatcher::singleton().findSchema({name, ""});
}

Tensor pack(const Tensor& weight, int64_t rows) {
  static const auto reorder = mkldnn_operator("mkldnn::_reorder_linear_weight");
  static const auto linear = mkldnn_operator("mkldnn::_linear_pointwise");
  if (!reorder || !linear || !weight.is_cpu()) return {};
  torch::jit::Stack stack{weight.contiguous(), rows};
  reorder->callBoxed(stack);
  return stack.front().toTensor();
}

}  // namespace

PackedLinear::PackedLinear(const Affine& map, Precision precision, int64_t rows, Kernel kernel) {
  const torch::NoGradGuard no_grad;
  const auto rounded = [&](const Tensor& x) {
    const Tensor value = x.detach();
    return (precision == Precision::kBFloat16 ? value.to(at::kBFloat16) : value).to(dtype_of(precision, x.device()));
  };
  map_.weight = rounded(map.weight);
  if (map.bias.defined()) map_.bias = rounded(map.bias);
  if (kernel != Kernel::kPlain) packed_ = pack(map_.weight, rows);
  takes_fused(kernel, packed_.defined(), "a weight on the CPU and LibTorch with oneDNN", map_.weight);
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
