#include "jepa/nn/attention.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/nn/fast/split_heads.h"

namespace foresee {

Attention::Attention(torch::nn::Module& module, const std::string& path, int64_t width, int64_t heads, bool qkv_bias,
                     QkvBias bias)
    : heads(heads),
      bias(bias),
      qkv(add_linear(module, path + ".qkv", width, 3 * width, qkv_bias)),
      proj(add_linear(module, path + ".proj", width, width)) {
  FORESEE_CHECK(heads > 0 && width % heads == 0, "expected a width that {} heads divide, got {}", heads, width);
}

Tensor Attention::forward(const Tensor& x, std::span<const Sequences> sequences, const Tensor& mask) const {
  const bool bias_later = bias == QkvBias::kWithSplit && is_plain_cpu_float(x);
  std::vector<Qkv> split = bias_later ? split_heads(at::linear(x, qkv.weight), heads, sequences, qkv.bias)
                                      : split_heads(qkv.linear(x), heads, sequences);
  std::vector<Tensor> mixed;
  for (size_t i = 0; i < split.size(); ++i) {
    if (sequences[i].from > 0) split[i].query = split[i].query.slice(2, sequences[i].from);
    mixed.push_back(attend(split[i], mask));
  }
  return proj.linear(pack_rows(mixed));
}

}  // namespace foresee
