
#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/model/lewm/lewm.h"

namespace foresee {
namespace {

bool begins_with(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }
bool ends_with(const std::string& text, const std::string& suffix) {
  return text.size() >= suffix.size() && text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

/// The initial value of one parameter; `draws` and `first` give the numbers that belong to it.
Tensor initial_value(const std::string& name, const Tensor& like, double fan_in, const Random& draws, uint64_t first) {
  const auto shape = like.sizes();
  const bool weight = ends_with(name, ".weight");
  if (begins_with(name, "encoder.")) {  // transformers ViTPreTrainedModel._init_weights, initializer_range 0.02
    const bool norm = name.find("layernorm") != std::string::npos;
    if (norm) return at::full(shape, weight ? 1.0 : 0.0);
    return ends_with(name, ".bias") ? at::zeros(shape) : draws.normal_tensor(shape, first) * 0.02;
  }
  if (name == "predictor.pos_embedding") return draws.normal_tensor(shape, first);
  if (name.find("adaLN_modulation") != std::string::npos) return at::zeros(shape);
  const bool norm =
      like.dim() == 1 &&
      (ends_with(name, "norm.weight") || ends_with(name, "norm.bias") || name.find("mlp.net.0.") != std::string::npos ||
       name.find("proj.net.1.") != std::string::npos || name.find("projector.net.1.") != std::string::npos);
  if (norm) return at::full(shape, weight ? 1.0 : 0.0);
  const double bound = 1.0 / std::sqrt(fan_in);  // torch.nn.Linear and Conv1d
  return draws.uniform_tensor(shape, first) * (2 * bound) - bound;
}

}  // namespace

void initialise(Lewm& model, uint64_t seed) {
  const torch::NoGradGuard no_grad;
  const Random draws(seed, Stream::kInit);
  uint64_t first = 0;
  const auto parameters = model->named_parameters();
  for (const auto& item : parameters) {
    const Tensor& value = item.value();
    // The inputs of a layer, also for its bias.
    double fan_in = static_cast<double>(value.numel() / value.size(0));
    if (ends_with(item.key(), ".bias"))
      if (const auto* weight = parameters.find(item.key().substr(0, item.key().size() - 4) + "weight"))
        fan_in = static_cast<double>(weight->numel() / weight->size(0));
    value.copy_(initial_value(item.key(), value, fan_in, draws, first));
    first += static_cast<uint64_t>(value.numel());
  }
  for (const auto& item : model->named_buffers())
    item.value().fill_(ends_with(item.key(), "running_var") || ends_with(item.key(), "state_encoder.std") ? 1 : 0);
}

namespace {

// Parts of the names in a ViT's block: transformers 5 and 4.
const std::pair<std::string, std::string> kVitNames[] = {{".attention.q_proj.", ".attention.attention.query."},
                                                         {".attention.k_proj.", ".attention.attention.key."},
                                                         {".attention.v_proj.", ".attention.attention.value."},
                                                         {".attention.o_proj.", ".attention.output.dense."},
                                                         {".mlp.fc1.", ".intermediate.dense."},
                                                         {".mlp.fc2.", ".output.dense."}};
const std::string kVitBlocks5 = "encoder.layers.", kVitBlocks4 = "encoder.encoder.layer.";

TensorMap with_vit_names(const TensorMap& tensors, bool to_five) {
  const std::string &blocks_from = to_five ? kVitBlocks4 : kVitBlocks5,
                    &blocks_to = to_five ? kVitBlocks5 : kVitBlocks4;
  TensorMap out;
  for (const auto& [name, tensor] : tensors) {
    std::string renamed = name;
    if (name.starts_with(blocks_from)) {
      renamed.replace(0, blocks_from.size(), blocks_to);
      for (const auto& [five, four] : kVitNames) {
        const std::string &from = to_five ? four : five, &to = to_five ? five : four;
        const size_t at = renamed.find(from);
        if (at == std::string::npos) continue;
        renamed.replace(at, from.size(), to);
        break;  // ".attention.output.dense." ends as ".output.dense." does
      }
    }
    if (!out.emplace(renamed, tensor).second) fail<CheckpointError>("two tensors have the name '{}'", renamed);
  }
  return out;
}

}  // namespace

TensorMap with_transformers4_names(const TensorMap& tensors) { return with_vit_names(tensors, /*to_five=*/false); }

TensorMap with_transformers5_names(const TensorMap& tensors) { return with_vit_names(tensors, /*to_five=*/true); }

}  // namespace foresee
