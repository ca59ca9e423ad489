#include "jepa/io/names/weight_file.h"

#include <fmt/format.h>

#include <cmath>

#include "foresee/inspect/inspect_run.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/names/pickled_config.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

void count_not_finite(TensorInfo& info, const Tensor& tensor) {
  Tensor numbers = tensor.is_complex() ? at::view_as_real(tensor) : tensor;
  if (!numbers.is_floating_point() || numbers.numel() == 0) return;
  if (numbers.element_size() == 1) numbers = numbers.to(at::kFloat);  // 8-bit floats have no sums
  if (std::isfinite(numbers.sum().item<double>())) return;            // needs no second tensor
  info.nan = numbers.isnan().sum().item<int64_t>();
  info.infinite = numbers.isinf().sum().item<int64_t>();
}

void add_tensor(InspectResult& result, const fs::path& file, const std::string& name, const Tensor& tensor) {
  TensorInfo info{.name = name,
                  .dtype = c10::getDtypeNames(tensor.scalar_type()).first,
                  .shape = tensor.sizes().vec(),
                  .file = file.filename().string()};
  count_not_finite(info, tensor);
  result.elements += tensor.numel();
  result.bytes += tensor.numel() * static_cast<int64_t>(tensor.element_size());
  result.tensors.push_back(std::move(info));
}

void add_safetensors(InspectResult& result, const fs::path& path) {
  const SafetensorsFile file(path);
  const auto add_read = [&](const std::string& name) {
    try {
      add_tensor(result, path, name, file.tensor(name));
    } catch (const CheckpointError& error) {  // a boolean that is neither 0 nor 1
      const TensorEntry& entry = file.entries().at(name);
      result.tensors.push_back({.name = name,
                                .dtype = c10::getDtypeNames(entry.dtype).first,
                                .shape = entry.shape,
                                .file = path.filename().string(),
                                .unread = error.what()});
    }
  };
  for (const auto& [name, entry] : file.entries()) add_read(name);
  for (const auto& [name, claim] : file.unread())
    result.tensors.push_back({.name = name,
                              .dtype = claim.dtype,
                              .shape = claim.shape,
                              .file = path.filename().string(),
                              .unread = "a dtype that is not read"});
  for (const auto& [key, text] : file.metadata()) {
    result.metadata.emplace_back(key, text);
    if (file.entries().contains(text) && !file.entries().contains(key))
      result.notes.push_back(fmt::format("{} is the same tensor as {}", key, text));
  }
}

/// A message without the file and the tensor that it begins with.
std::string reason_in(const std::string& message, const std::string& name) {
  const std::string begin = fmt::format("tensor '{}': ", name);
  const size_t place = message.find(begin);
  return place == std::string::npos ? message : message.substr(place + begin.size());
}

/// Adds a value that builds a tensor.
void add_pickled_tensor(InspectResult& result, const PtFile& file, const std::string& name, const PickleValue& value) {
  try {
    file.describe_tensor(value, name);
  } catch (const CheckpointError& error) {
    result.tensors.push_back({.name = name,
                              .dtype = "",
                              .shape = claimed_shape(value),
                              .file = file.path().filename().string(),
                              .unread = reason_in(error.what(), name)});
    return;
  }
  add_tensor(result, file.path(), name, file.tensor(value, name));  // throws where all take too much memory
}

void add_pt(InspectResult& result, const fs::path& path) {
  const PtFile file(path);
  file.for_each([&](const std::string& name, const PickleValue& value) {
    using Kind = PickleValue::Kind;
    if (is_pickled_tensor(value)) {
      add_pickled_tensor(result, file, name, value);
    } else if (value.is(Kind::kInt)) {
      result.values.emplace_back(name, value.integer);
    } else if (value.is(Kind::kBool)) {
      result.values.emplace_back(name, value.integer != 0);
    } else if (value.is(Kind::kFloat)) {
      result.values.emplace_back(name, value.real);
    } else if (value.is(Kind::kString)) {
      result.values.emplace_back(name, std::string(value.text));
    }
  });
  for (const auto& text : foreign_values(file)) result.foreign.emplace_back(text);
  if (const std::string module = pickled_class(file); !module.empty())
    result.notes.push_back(fmt::format(
        "{} holds a whole pickled module of class {}; its parameters are listed under the names of its state dict",
        path.filename().string(), module));
}

}  // namespace

void add_file(InspectResult& result, const fs::path& file) {
  // By structure: a .pt file under another name is still a zip archive. The name decides where nothing is recognised.
  is_torch_file(file) ? add_pt(result, file) : add_safetensors(result, file);
  const WeightFile opened(file);
  for (const std::string& wrapping : opened.names().wrappings)
    result.notes.push_back(fmt::format("{}: names are wrapped by {}", file.filename().string(), wrapping));
}

}  // namespace foresee
