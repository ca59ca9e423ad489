#include "jepa/io/names/weight_folder.h"

#include <fmt/ranges.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/io/names/weight_file.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

constexpr const char* kWholeFiles[] = {"model.safetensors", "pytorch_model.bin"};  // in transformers' order

fs::path index_of(const fs::path& whole) { return whole.string() + ".index.json"; }

/// Name of each tensor -> file beside the index.
std::map<std::string, std::string> read_index(const fs::path& path) {
  const std::string where = path.string();
  const nlohmann::json index = read_json(path);
  const auto map = index.is_object() ? index.find("weight_map") : index.end();
  if (map == index.end() || !map->is_object()) fail<CheckpointError>("{}: expected an object 'weight_map'", where);
  std::map<std::string, std::string> files;
  for (const auto& [name, value] : map->items()) {
    if (!value.is_string()) fail<CheckpointError>("{}: '{}': expected a file's name", where, name);
    const std::string file = value.get<std::string>();
    if (file.empty() || fs::path(file).filename() != file || file == "..")
      fail<CheckpointError>("{}: '{}': expected a file beside the index, got '{}'", where, name, file);
    files.emplace(name, file);
  }
  return files;
}

std::vector<std::string> absent(const fs::path& folder, const std::map<std::string, std::string>& places) {
  std::set<std::string> files;
  for (const auto& [name, file] : places)
    if (!fs::exists(folder / file)) files.insert(file);
  return {files.begin(), files.end()};
}

TensorMap read_shards(const fs::path& folder, const fs::path& index_path) {
  const auto places = read_index(index_path);
  if (const auto files = absent(folder, places); !files.empty())
    fail<CheckpointError>("{}: {} of its files are not there: {}", index_path.string(), files.size(),
                          fmt::join(files, ", "));
  std::map<std::string, WeightFile> shards;
  std::vector<std::string> missing;
  for (const auto& [name, file] : places)
    if (!shards.try_emplace(file, folder / file).first->second.stores(name)) missing.push_back(name + " in " + file);
  if (!missing.empty())
    fail<CheckpointError>("{}: {} tensors are not where the index says: {}", index_path.string(), missing.size(),
                          fmt::join(missing, ", "));
  TensorMap tensors;
  for (const auto& [file, shard] : shards)
    for (auto& [name, tensor] : shard.tensors()) {
      const auto place = places.find(shard.names().stored.at(name));
      if (place != places.end() && place->second == file) tensors.emplace(name, tensor);
    }
  return tensors;
}

}  // namespace

bool has_folder_tensors(const fs::path& folder) {
  for (const char* name : kWholeFiles)
    if (fs::exists(folder / name) || fs::exists(index_of(folder / name))) return true;
  return false;
}

std::vector<std::string> missing_shards(const fs::path& folder) {
  for (const char* name : kWholeFiles)
    if (!fs::exists(folder / name) && fs::exists(index_of(folder / name)))
      return absent(folder, read_index(index_of(folder / name)));
  return {};
}

TensorMap folder_tensors(const fs::path& folder) {
  for (const char* name : kWholeFiles) {
    const fs::path whole = folder / name, index = index_of(whole);
    if (fs::exists(whole)) {
      if (fs::exists(index))
        log_warning("{}: {} and its index are both there; {} is read, as transformers does", folder.string(), name,
                    name);
      return WeightFile(whole).tensors();
    }
    if (fs::exists(index)) return read_shards(folder, index);
  }
  fail<CheckpointError>("{}: no model.safetensors, no pytorch_model.bin, and no index of either", folder.string());
}

}  // namespace foresee
