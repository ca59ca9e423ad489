#include "jepa/io/state_dict.h"

#include <fmt/ranges.h>

#include <vector>

#include "jepa/core/error.h"
#include "jepa/core/text/name_list.h"

namespace foresee {

TensorMap state_dict(const torch::nn::Module& module) {
  TensorMap tensors;
  for (const auto& item : module.named_parameters()) tensors.emplace(item.key(), item.value().detach());
  for (const auto& item : module.named_buffers()) tensors.emplace(item.key(), item.value().detach());
  return tensors;
}

namespace {

/// @throws CheckpointError that lists everything that does not fit.
void check_fit(const TensorMap& targets, const TensorMap& tensors, const std::string& source) {
  std::vector<std::string> missing, unexpected, misshapen;
  for (const auto& [name, target] : targets) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      missing.push_back(name);
      continue;
    }
    const Tensor& given = found->second;
    const bool fits = given.sizes() == target.sizes() && given.is_floating_point() == target.is_floating_point();
    if (!fits) misshapen.push_back(fmt::format("{}: expected {}, got {}", name, describe(target), describe(given)));
  }
  for (const auto& [name, tensor] : tensors)
    if (!targets.contains(name)) unexpected.push_back(name);

  std::vector<std::string> report;
  if (!missing.empty()) report.push_back(fmt::format("{} missing ({})", missing.size(), name_list(missing)));
  if (!unexpected.empty())
    report.push_back(fmt::format("{} unexpected ({})", unexpected.size(), name_list(unexpected)));
  if (!misshapen.empty())
    report.push_back(fmt::format("{} misshapen ({})", misshapen.size(), name_list(misshapen, 10, "; ")));
  if (!report.empty())
    fail<CheckpointError>("{}: weights do not fit the model: {}{}", source, fmt::join(report, ", "),
                          what_they_are(unexpected));
}

}  // namespace

std::string what_they_are(const std::vector<std::string>& unexpected) {
  struct Kind {
    std::vector<std::string_view> parts;  // of a name
    const char* text;
  };
  static const Kind kinds[] = {
      {{".lora_A", ".lora_B", ".base_layer.", ".lora_embedding_"},
       "adapters that are not merged in; merge them in Python (merge_and_unload) and save the model again"},
      {{".parametrizations.", ".weight_g", ".weight_v"},
       "what weights are computed from; in Python remove the parametrizations and save the model again"},
      {{".absmax", ".quant_map", ".quant_state.", ".SCB", ".qweight", ".qzeros", "._packed_params"},
       "quantised weights; save the model in float32, float16 or bfloat16"}};
  for (const Kind& kind : kinds)
    for (const std::string& name : unexpected)
      for (const std::string_view part : kind.parts)
        if (name.find(part) != std::string::npos) return fmt::format("; these are {}", kind.text);
  return "";
}

void load_state_dict(torch::nn::Module& module, const TensorMap& tensors, const std::string& source) {
  const TensorMap targets = state_dict(module);
  check_fit(targets, tensors, source);
  const torch::NoGradGuard no_grad;
  for (const auto& [name, target] : targets) target.copy_(tensors.at(name));
}

void check_state_dict(const torch::nn::Module& module, const TensorMap& tensors, const std::string& source) {
  check_fit(state_dict(module), tensors, source);
}

void adopt_state_dict(torch::nn::Module& module, const TensorMap& tensors, const std::string& source) {
  check_fit(state_dict(module), tensors, source);
  const torch::NoGradGuard no_grad;
  const auto take = [&](const std::string& name, Tensor target) {
    const Tensor& given = tensors.at(name);
    const bool as_it_is = given.device() == target.device() && given.scalar_type() == target.scalar_type() &&
                          given.is_contiguous() && target.is_contiguous();
    // set_data exchanges the memory below the tensor, which every handle to it shares.
    if (as_it_is) {
      target.set_data(given.detach());
    } else {
      target.copy_(given);
    }
  };
  for (const auto& item : module.named_parameters()) take(item.key(), item.value());
  for (const auto& item : module.named_buffers()) take(item.key(), item.value());
}

TensorMap with_prefix_removed(const TensorMap& tensors, const std::string& prefix) {
  TensorMap result;
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with(prefix)) result.emplace(name.substr(prefix.size()), tensor);
  return result;
}

TensorMap with_prefix_added(const TensorMap& tensors, const std::string& prefix) {
  TensorMap result;
  for (const auto& [name, tensor] : tensors) result.emplace(prefix + name, tensor);
  return result;
}

}  // namespace foresee
