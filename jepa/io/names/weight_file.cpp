#include "jepa/io/names/weight_file.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <initializer_list>

#include "jepa/core/error.h"
#include "jepa/core/files/format.h"
#include "jepa/core/log.h"

namespace foresee {
namespace fs = std::filesystem;

fs::path folder_around(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path("."); }

bool is_torch_file(const fs::path& path) {
  const FileFormat format = file_format(path);
  const std::string extension = path.extension().string();
  const auto named = [&](std::initializer_list<const char*> names) {
    return std::find(names.begin(), names.end(), extension) != names.end();
  };
  return format == FileFormat::kTorch || format == FileFormat::kPickle ||
         (format == FileFormat::kUnknown && named({".pt", ".pth", ".bin", ".ckpt", ".tar"}));
}

WeightFile::WeightFile(const fs::path& path) : path_(path) {
  std::vector<std::string> stored;
  if (is_torch_file(path)) {
    pt_ = std::make_unique<const PtFile>(path);
    pt_->for_each([&](const std::string& name, const PickleValue& value) {
      if (is_pickled_tensor(value) && values_.emplace(name, &value).second) stored.push_back(name);
    });
  } else {
    safetensors_ = std::make_unique<const SafetensorsFile>(path);
    for (const auto& [name, entry] : safetensors_->entries()) stored.push_back(name);
    for (const auto& [name, dtype] : safetensors_->unread()) stored.push_back(name);
    // safetensors.torch.save_model: a tensor that several names share is stored under one of them.
    for (const auto& [name, kept] : safetensors_->metadata())
      if (safetensors_->entries().contains(kept) && !safetensors_->entries().contains(name)) {
        aliases_.emplace(name, kept);
        stored.push_back(name);
      }
  }
  names_ = without_wrappings(stored);
}

bool WeightFile::stores(const std::string& name) const {
  return pt_ ? values_.contains(name) : safetensors_->entries().contains(name) || aliases_.contains(name);
}

TensorMap WeightFile::tensors(const std::string& beginning) const {
  TensorMap tensors;
  for (auto place = names_.stored.lower_bound(beginning); place != names_.stored.end(); ++place) {
    const auto& [bare, stored] = *place;
    if (!bare.starts_with(beginning)) break;
    if (const auto second = names_.twice.find(bare); second != names_.twice.end())
      fail<CheckpointError>("{}: two tensors for '{}': '{}' and '{}'", path_.string(), bare, stored, second->second);
    const auto alias = aliases_.find(stored);
    tensors.emplace(bare.substr(beginning.size()),
                    pt_ ? pt_->tensor(*values_.at(stored), stored)
                        : safetensors_->tensor(alias == aliases_.end() ? stored : alias->second));
  }
  return tensors;
}

std::string WeightFile::summary() const {
  std::string text = names_.summary();
  if (!names_.wrappings.empty()) text += fmt::format("; taken off its names: {}", fmt::join(names_.wrappings, ", "));
  return text;
}

void WeightFile::say_wrappings() const {
  std::vector<std::string> unusual;
  for (const std::string& text : names_.wrappings)
    if (!text.starts_with("module ") && !text.starts_with("backbone ")) unusual.push_back(text);
  if (!unusual.empty()) log_info("{}: taken off the names: {}", path_.string(), fmt::join(unusual, ", "));
}

}  // namespace foresee
