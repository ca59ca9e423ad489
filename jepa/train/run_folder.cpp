#include "jepa/train/run_folder.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "jepa/core/error.h"
#include "jepa/core/files/crc32c.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/json.h"
#include "jepa/core/files/output.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/log.h"
#include "jepa/core/log_debug.h"
#include "jepa/core/text/json_text.h"
#include "jepa/io/checkpoint.h"
#include "jepa/io/checkpoint_files.h"
#include "jepa/io/manifest.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

using nlohmann::ordered_json;

constexpr const char *kConfigFile = "config.json", *kLockFile = ".lock";
/// What may lie in a run folder before the first step; the last three say what the data were and who made it.
constexpr std::array<const char*, 6> kBeforeTraining{kConfigFile, kLockFile,     checkpoint_files::kRunName,
                                                     "data.json", "videos.json", "made_by.json"};

/// Keys that may change between the calls that make one run: they do not change what is learned.
bool may_differ(const std::string& path) {
  constexpr std::array<std::string_view, 4> kFree{"threads", "workers", "device", "keep_checkpoints"};
  const auto dot = path.rfind('.');
  const std::string_view key = std::string_view(path).substr(dot == std::string::npos ? 0 : dot + 1);
  if (std::find(kFree.begin(), kFree.end(), key) != kFree.end()) return true;
  return path == "loop.steps" || path.ends_with(".loop.steps");
}

/// The later keys that a run's config lacks, with what was done before.
nlohmann::json missing_later_keys(const ordered_json& config, LaterKeys later) {
  nlohmann::json missing = nlohmann::json::object();
  if (!config.is_object()) return missing;
  for (const auto& [path, before] : later)
    if (!config.contains(ordered_json::json_pointer(path)))
      missing[nlohmann::json::json_pointer(path)] = nlohmann::json::parse(before);
  return missing;
}

struct Difference {
  std::string key, before, now;  // dotted key; values as JSON
};

/// The first key, in the order of `now`, whose value is another one.
std::optional<Difference> first_difference(const ordered_json& before, const ordered_json& now,
                                           const std::string& path = "") {
  if (may_differ(path)) return std::nullopt;
  if (!before.is_object() || !now.is_object()) {
    if (before == now) return std::nullopt;
    // A path that is not UTF-8 stands escaped in the file.
    if (!before.is_discarded() && !now.is_discarded() && json_text(before) == json_text(now)) return std::nullopt;
    const auto text = [](const ordered_json& value) { return value.is_discarded() ? "not set" : short_json(value); };
    return Difference{path, text(before), text(now)};
  }
  const ordered_json absent(ordered_json::value_t::discarded);
  const auto inner = [&](const std::string& key) { return path.empty() ? key : path + "." + key; };
  for (const auto& [key, value] : now.items())
    if (auto found = first_difference(before.contains(key) ? before.at(key) : absent, value, inner(key))) return found;
  for (const auto& [key, value] : before.items())
    if (!now.contains(key))
      if (auto found = first_difference(value, absent, inner(key))) return found;
  return std::nullopt;
}

/// What of a config decides the results.
ordered_json deciding_keys(const ordered_json& config, const std::string& path = "") {
  if (!config.is_object()) return config;
  ordered_json out = ordered_json::object();
  for (const auto& [key, value] : config.items()) {
    const std::string inner = path.empty() ? key : path + "." + key;
    if (!may_differ(inner)) out[key] = deciding_keys(value, inner);
  }
  return out;
}

/// What the manifests of a run call it: a checksum of what decided its results when it began. Kept in a file, since
/// later versions know more keys.
std::string run_name(const fs::path& run, const ordered_json& config) {
  const fs::path file = run / checkpoint_files::kRunName;
  if (!fs::exists(file)) write_file(file, fmt::format("{:08x}\n", crc32c(json_text(deciding_keys(config)))));
  std::string name = read_file(file);
  name.erase(name.find_last_not_of(" \n") + 1);
  return name;
}

int64_t loop_steps(const ordered_json& config) {
  const auto* steps = config.contains("loop") && config["loop"].contains("steps") ? &config["loop"]["steps"] : nullptr;
  return steps != nullptr ? whole_number(*steps).value_or(0) : 0;
}

/// Whether a folder without a config holds something that no run made; what a run that was killed at once leaves (its
/// lock, temporary names) is hidden.
bool holds_other_things(const fs::path& run) {
  for (const auto& entry : fs::directory_iterator(run))
    if (!entry.path().filename().string().starts_with(".")) return true;
  return false;
}

/// What a killed process left: folders and files that were not renamed into place.
void remove_leftovers(const fs::path& folder) {
  std::error_code none;
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().string();
    if (is_temporary_name(name)) leftovers.push_back(entry.path());
  }
  for (const auto& path : leftovers) {
    fs::remove_all(path, none);
    log_info("removed {}, left by a run that was killed", path.string());
  }
}

/// Removes a checkpoint so that a kill in between leaves no half of it under its name.
void remove_checkpoint(const fs::path& folder) {
  const fs::path doomed = folder.parent_path() / fmt::format(".{}.tmp-removed", folder.filename().string());
  fs::remove_all(doomed);
  fs::rename(folder, doomed);
  fs::remove_all(doomed);
}

}  // namespace

void check_run_place(const fs::path& run, const OutputRules& rules) {
  if (!fs::exists(run / kConfigFile)) check_output_place(run, rules);
}

nlohmann::json earlier_settings(const fs::path& run, LaterKeys later) {
  if (!fs::exists(run / kConfigFile)) return nlohmann::json::object();
  return missing_later_keys(read_ordered_json(run / kConfigFile), later);
}

RunFolder::RunFolder(fs::path path, const ordered_json& resolved_config, LaterKeys later) : path_(std::move(path)) {
  std::error_code code;
  made_folder_ = fs::create_directories(path_, code);
  if (code) fail("{}: cannot create a run folder: {}", path_.string(), system_reason(code));
  const fs::path config_path = path_ / kConfigFile;
  if (!fs::exists(config_path) && !latest_step() && holds_other_things(path_))
    fail("{}: exists already and is not a training run; nothing was changed; choose another run folder",
         path_.string());
  lock_ = std::make_shared<FileLock>(path_ / kLockFile,
                                     fmt::format("{}: another process is training in this run folder", path_.string()),
                                     FileLock::After::kKeep);
  remove_leftovers(path_);
  remove_leftovers(path_ / "checkpoints");
  // Through text, as the file went: NaN becomes null on both sides.
  const auto now = ordered_json::parse(json_text(resolved_config));
  name_ = run_name(path_, now);
  if (!fs::exists(config_path)) {
    if (latest_step())
      fail<ConfigError>("{}: has checkpoints but no config.json; choose another run folder", path_.string());
    write_json(config_path, now);
    made_config_ = true;
    return;
  }
  ordered_json before;
  try {
    before = read_ordered_json(config_path);
  } catch (const DataError& error) {
    fail<ConfigError>("{}", error.what());
  }
  before.merge_patch(missing_later_keys(before, later));
  if (const auto difference = first_difference(before, now))
    fail<ConfigError>("{}: this run was started with {} = {}, now it is {}; keep it, or choose another run folder",
                      config_path.string(), difference->key, difference->before, difference->now);
  if (before != now && loop_steps(now) >= loop_steps(before)) write_json(config_path, now);
}

RunFolder::~RunFolder() {
  if (!made_config_) return;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(path_, none))
    if (std::find(kBeforeTraining.begin(), kBeforeTraining.end(), entry.path().filename()) == kBeforeTraining.end())
      return;
  for (const char* name : kBeforeTraining) fs::remove(path_ / name, none);
  if (made_folder_) fs::remove(path_, none);
}

std::optional<int64_t> RunFolder::latest_step() const { return latest_checkpoint_step(path_); }

std::optional<int64_t> RunFolder::sound_step() const {
  return sound_checkpoint_step(path_, ManifestScope::kResume, name_);
}

fs::path RunFolder::checkpoint_path(int64_t step) const { return checkpoint_folder(path_, step); }

void RunFolder::save_checkpoint(int64_t step, int64_t keep, const std::function<void(const fs::path&)>& write) {
  FORESEE_CHECK(step >= 0 && keep >= 1, "expected step >= 0 and keep >= 1, got {} and {}", step, keep);
  const fs::path final_path = checkpoint_path(step);
  try {
    StagedFolder staged(final_path);
    write(staged.path());
    write_manifest(staged.path(), CheckpointOrigin{step, name_});
    if (fs::exists(final_path)) remove_checkpoint(final_path);
    staged.commit();
    write_file(path_ / "latest", final_path.filename().string() + "\n");
    log_debug("checkpoint: {}", final_path.string());
    // Those behind `step` belong to a run that was rolled back; they are replaced when it gets there.
    auto steps = checkpoint_steps(path_);
    std::erase_if(steps, [&](int64_t other) { return other > step; });
    for (size_t i = 0; i + static_cast<size_t>(keep) < steps.size(); ++i) remove_checkpoint(checkpoint_path(steps[i]));
  } catch (const fs::filesystem_error& error) {
    fail<CheckpointError>("{}: the checkpoint was not written: {}", final_path.string(), system_reason(error.code()));
  }
}

}  // namespace foresee
