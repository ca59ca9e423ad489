#include "jepa/core/parameter_tree.h"

#include <sys/mman.h>
#include <torch/nn/modules/container/any.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

// A named group: a module without a forward of its own.
struct ParameterGroupModule : torch::nn::Module {};

torch::nn::Module& group_at(torch::nn::Module& module, const std::string& path) {
  if (path.empty()) return module;
  const size_t dot = path.find('.');
  const std::string head = path.substr(0, dot), rest = dot == std::string::npos ? "" : path.substr(dot + 1);
  const auto children = module.named_children();
  const auto* found = children.find(head);
  return group_at(found ? **found : *module.register_module(head, std::make_shared<ParameterGroupModule>()), rest);
}

std::pair<std::string, std::string> split_last(const std::string& path) {
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos) return {"", path};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

/// Zeros that take no memory until they are written or read, since a checkpoint's tensors often take their place.
Tensor untouched_zeros(at::IntArrayRef shape) {
  constexpr size_t kMinBytes = 1 << 18;  // below, a mapping of its own is not worth it
  const auto options = at::TensorOptions().dtype(at::kFloat);
  const size_t bytes = sizeof(float) * static_cast<size_t>(c10::multiply_integers(shape));
  if (bytes < kMinBytes) return at::zeros(shape, options);
  void* pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) return at::zeros(shape, options);
  return at::from_blob(
      pages, shape, [bytes](void* address) { ::munmap(address, bytes); }, options);
}

}  // namespace

Tensor add_parameter(torch::nn::Module& module, const std::string& path, at::IntArrayRef shape) {
  const auto [group, name] = split_last(path);
  return group_at(module, group).register_parameter(name, untouched_zeros(shape));
}

Tensor add_buffer(torch::nn::Module& module, const std::string& path, const Tensor& value) {
  const auto [group, name] = split_last(path);
  return group_at(module, group).register_buffer(name, value);
}

}  // namespace foresee
