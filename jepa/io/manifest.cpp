#include "jepa/io/manifest.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "jepa/core/error.h"
#include "jepa/core/files/crc32c.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/io/mapped_file.h"
#include "jepa/io/model_folder.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

using nlohmann::ordered_json;

constexpr const char* kChanged = "its bytes changed since it was written";

/// Files that people edit: another content is told, not refused.
bool may_be_edited(const std::string& name) {
  constexpr std::array<std::string_view, 6> kNames{"config.json", "actions.json",      "preprocess.json",
                                                   "probe.json",  "training_set.json", "training_costs.json"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

bool is_listed(const std::string& name) {
  return !name.starts_with(".") && name != kManifestFile && !name.ends_with(".md");
}

uint32_t crc_of(const fs::path& file, uint32_t before = 0) {
  return fs::file_size(file) == 0 ? before : crc32c(MappedFile(file, "a file of weights").bytes(), before);
}

std::string checksum_of(const fs::path& file) { return fmt::format("{:08x}", crc_of(file)); }

/// What is wrong with one file; nothing where it is as it was written.
std::optional<std::string> file_damage(const fs::path& file, const ordered_json& entry) {
  std::error_code code;
  const auto bytes = fs::file_size(file, code);
  if (code) return "is missing";
  if (!entry.is_object() || !entry.contains("bytes") || !entry.contains("crc32c")) return "the manifest is damaged";
  if (entry["bytes"] != bytes) return fmt::format("has {} bytes, expected {}", bytes, entry["bytes"].dump());
  if (entry["crc32c"] != checksum_of(file)) return kChanged;
  return std::nullopt;
}

std::optional<std::string> origin_damage(const ordered_json& manifest, const CheckpointOrigin& expected) {
  if (manifest.contains("step") && manifest["step"] != expected.step)
    return fmt::format("it is the checkpoint of step {}, not of step {}: folders were renamed or exchanged",
                       manifest["step"].dump(), expected.step);
  if (manifest.contains("run") && !expected.run.empty() && manifest["run"] != expected.run)
    return "it belongs to another run";
  return std::nullopt;
}

}  // namespace

std::string weights_checksum(const fs::path& path) {
  if (!fs::is_directory(path)) return fmt::format("{:08x}", crc_of(path));
  uint32_t crc = 0;
  for (const auto& file : weight_files(resolve_model_folder(path)))
    if (!file.filename().string().starts_with("optimizer")) crc = crc_of(file, crc);
  return fmt::format("{:08x}", crc);
}

void write_manifest(const fs::path& folder, const std::optional<CheckpointOrigin>& origin) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file() && is_listed(entry.path().filename().string())) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  ordered_json listed = ordered_json::object();
  for (const auto& file : files)
    listed[file.filename().string()] = {{"bytes", fs::file_size(file)}, {"crc32c", checksum_of(file)}};
  ordered_json manifest;
  if (origin) {
    manifest["step"] = origin->step;
    if (!origin->run.empty()) manifest["run"] = origin->run;
  }
  manifest["files"] = std::move(listed);
  write_json(folder / kManifestFile, manifest);
}

std::optional<std::string> manifest_damage(const fs::path& folder, ManifestScope scope,
                                           const std::optional<CheckpointOrigin>& expected) {
  const fs::path path = folder / kManifestFile;
  if (!fs::exists(path)) return std::nullopt;
  ordered_json manifest;
  try {
    manifest = read_json(path);
  } catch (const Error&) {
    return fmt::format("{}: not valid JSON", kManifestFile);
  }
  if (!manifest.is_object() || !manifest.contains("files") || !manifest["files"].is_object())
    return fmt::format("{}: expected an object with a list of files", kManifestFile);
  if (expected)
    if (auto damage = origin_damage(manifest, *expected)) return damage;
  for (const auto& [name, entry] : manifest["files"].items()) {
    if (fs::path(name).filename() != fs::path(name)) return fmt::format("{}: names a file elsewhere", kManifestFile);
    if (scope == ManifestScope::kModel && name.starts_with("optimizer")) continue;
    if (may_be_edited(name) && !fs::exists(folder / name)) continue;  // its reader says whether it is needed
    const auto damage = file_damage(folder / name, entry);
    if (!damage) continue;
    if (!may_be_edited(name)) return fmt::format("{}: {}", name, *damage);
    log_info("{}: changed since the program wrote it; taken as it is", (folder / name).string());
  }
  return std::nullopt;
}

}  // namespace foresee
