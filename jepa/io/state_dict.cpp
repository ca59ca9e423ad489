#include "jepa/io/state_dict.h"

#include <fmt/ranges.h>

#include <vector>

#include "jepa/core/error.h"

namespace foresee {

TensorMap state_dict(const torch::nn::Module& module) {
  TensorMap tensors;
  for (const auto& item : module.named_parameters()) tensors.emplace(item.key(), item.value().detach());
  for (const auto& item : module.named_buffers()) tensors.emplace(item.key(), item.value().detach());
  return tensors;
}

void load_state_dict(torch::nn::Module& module, const TensorMap& tensors, const std::string& source) {
  const TensorMap targets = state_dict(module);
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
  if (!missing.empty()) report.push_back(fmt::format("{} missing ({})", missing.size(), fmt::join(missing, ", ")));
  if (!unexpected.empty())
    report.push_back(fmt::format("{} unexpected ({})", unexpected.size(), fmt::join(unexpected, ", ")));
  if (!misshapen.empty())
    report.push_back(fmt::format("{} misshapen ({})", misshapen.size(), fmt::join(misshapen, "; ")));
  if (!report.empty()) fail<CheckpointError>("{}: weights do not fit the model: {}", source, fmt::join(report, ", "));

  const torch::NoGradGuard no_grad;
  for (const auto& [name, target] : targets) target.copy_(tensors.at(name));
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
