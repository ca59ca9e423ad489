#include "jepa/nn/init.h"

#include <cmath>
#include <optional>

#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr double kStd = 0.02;

// The i of "BLOCKS.i.attn.proj.weight" and "BLOCKS.i.mlp.fc2.weight": the maps that write into the residual stream.
std::optional<int64_t> residual_block(const std::string& name, const std::string& blocks) {
  if (!name.starts_with(blocks + ".")) return std::nullopt;
  if (!name.ends_with(".attn.proj.weight") && !name.ends_with(".mlp.fc2.weight")) return std::nullopt;
  return std::stoll(name.substr(blocks.size() + 1));
}

}  // namespace

void init_transformer(torch::nn::Module& module, const Random& random, const std::string& blocks,
                      const std::string& zero) {
  torch::NoGradGuard no_grad;
  uint64_t next = 0;
  for (auto& entry : module.named_parameters()) {
    const std::string& name = entry.key();
    Tensor& value = entry.value();
    const Tensor draws = value.dim() > 1 ? random.normal_tensor(value.sizes(), next) : Tensor();
    if (draws.defined()) next += static_cast<uint64_t>(value.numel());
    if (name.ends_with("bias") || (!zero.empty() && name.starts_with(zero))) {
      value.zero_();
    } else if (!draws.defined()) {
      value.fill_(1.0);
    } else {
      const auto block = residual_block(name, blocks);
      value.copy_(draws * (block ? kStd / std::sqrt(2.0 * static_cast<double>(*block + 1)) : kStd));
    }
  }
}

}  // namespace foresee
