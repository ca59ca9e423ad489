#include "jepa/nn/attention.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/nn/heads.h"

namespace foresee {

Attention::Attention(torch::nn::Module& module, const std::string& path, int64_t width, int64_t heads, bool qkv_bias)
    : heads(heads),
      qkv(add_linear(module, path + ".qkv", width, 3 * width, qkv_bias)),
      proj(add_linear(module, path + ".proj", width, width)) {
  FORESEE_CHECK(heads > 0 && width % heads == 0, "expected a width that {} heads divide, got {}", heads, width);
}

Tensor Attention::forward(const Tensor& x, const RopeTable* rope, int64_t from) const {
  Heads split = split_heads(qkv.linear(x), heads, rope);
  if (from > 0) split.query = split.query.slice(2, from);
  return proj.linear(attend(split));
}

}  // namespace foresee
