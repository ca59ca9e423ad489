#include "jepa/model/family/family.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/files/format.h"
#include "jepa/io/names/weight_file.h"
#include "jepa/model/family/foreign_model.h"
#include "jepa/model/family/rows.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

std::string names_of(const std::vector<Family>& known, bool only_planning) {
  std::vector<std::string> names;
  for (const Family& family : known)
    if (!only_planning || family.make_world_model) names.push_back(family.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

/// Says why nothing at a path was recognised.
[[noreturn]] void refuse(const fs::path& path, const std::vector<Family>& known) {
  if (!fs::exists(path)) fail<CheckpointError>("{}: no such file or folder", path.string());
  refuse_foreign_model(path);
  if (fs::is_directory(path)) {
    const ModelFolder folder = load_model_folder(path);  // says what is missing
    fail<CheckpointError>("{}: a model of family '{}', which is not known; known families: {}", path.string(),
                          folder.family, names_of(known, false));
  }
  const FileFormat format = file_format(path);
  if (format != FileFormat::kSafetensors && !is_torch_file(path))
    fail<CheckpointError>("{}: holds no model of a known family ({})", path.string(), names_of(known, false));
  const WeightFile file(path);  // says what is damaged
  fail<CheckpointError>("{}: holds no model of a known family ({}); it holds {}", path.string(), names_of(known, false),
                        file.summary());
}

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> all{lewm_family(), vjepa2_family(), vjepa2_ac_family()};
  return all;
}

const Family* find_family(const fs::path& path, const std::vector<Family>& known) {
  for (const Family& family : known)
    if (family.recognise(path)) return &family;
  return nullptr;
}

const Family& family_of(const fs::path& path, const std::vector<Family>& known) {
  const Family* family = find_family(path, known);
  if (family == nullptr) refuse(path, known);
  return *family;
}

const Family& family_of_preset(const std::string& preset, const std::vector<Family>& known) {
  std::vector<std::string> names;
  for (const Family& family : known) {
    if (family.knows_preset && family.knows_preset(preset)) return family;
    names.insert(names.end(), family.presets.begin(), family.presets.end());
  }
  fail<ConfigError>("unknown published model '{}'{}", preset, suggestion(preset, names));
}

std::unique_ptr<WorldModel> load_world_model(const fs::path& path, const WorldModelOptions& options,
                                             const std::vector<Family>& known) {
  const Family& family = family_of(path, known);
  if (!family.make_world_model)
    fail<CheckpointError>("{}: a model of family '{}' plans no actions; families that do: {}", path.string(),
                          family.name, names_of(known, true));
  return family.make_world_model(path, options);
}

std::unique_ptr<WorldModel> load_world_model(const fs::path& folder, at::Device device) {
  return load_world_model(folder, WorldModelOptions{.device = device});
}

std::string either_of(const std::vector<std::string>& names) {
  if (names.size() < 2) return names.empty() ? "" : names.front();
  return fmt::format("{} or {}", fmt::join(names.begin(), names.end() - 1, ", "), names.back());
}

int64_t count_elements(const TensorMap& tensors) {
  int64_t count = 0;
  for (const auto& [name, tensor] : tensors) count += tensor.numel();
  return count;
}

}  // namespace foresee
