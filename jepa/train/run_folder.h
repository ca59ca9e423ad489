#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "jepa/core/files/output.h"
#include "jepa/core/files/staged.h"
#include "jepa/train/later_keys.h"

namespace foresee {

/// Refuses the place of a new run as that of any output (check_output_place); a run that is there is resumed where it
/// lies. @throws Error.
void check_run_place(const std::filesystem::path& run, const OutputRules& rules);

/// Keys that the config of a run does not know, because an earlier version made it, with what that version did: it goes
/// on that way. An object to be laid under the settings of the call that resumes it; empty for a new run.
nlohmann::json earlier_settings(const std::filesystem::path& run, LaterKeys later);

/// The files of one training run: config.json (resolved), metrics.jsonl, checkpoints/step-N/, latest (text: "step-N").
class RunFolder {
 public:
  /// Opens or makes the folder. A new one gets `resolved_config`; in an existing one the config must be the same, but
  /// for the number of steps (loop.steps) and what does not change results (threads, workers, device,
  /// keep_checkpoints). Keys of `later` that it lacks count as they were before. What a killed process left
  /// half-written is removed.
  /// @throws ConfigError naming the first key that differs, Error when another process has the run open or the
  /// folder holds something that is not a run.
  RunFolder(std::filesystem::path path, const nlohmann::ordered_json& resolved_config, LaterKeys later = {});
  /// A folder that this object made is removed again where nothing but the config came into it: a mistake that is found
  /// before the first row leaves nothing behind.
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path metrics_path() const { return path_ / "metrics.jsonl"; }
  /// Step of the latest complete checkpoint; nothing in a new run.
  std::optional<int64_t> latest_step() const;
  /// The latest one whose bytes are as they were written and that belongs to this run; a line names each that is not.
  /// @throws CheckpointError where all are damaged.
  std::optional<int64_t> sound_step() const;
  std::filesystem::path checkpoint_path(int64_t step) const;
  /// Writes checkpoints/step-N through `write` (called with the staging folder) and its manifest, flushes, renames,
  /// then points `latest` at it and removes all but the newest `keep`. @throws Error (a full disk): nothing
  /// half-written stays.
  void save_checkpoint(int64_t step, int64_t keep, const std::function<void(const std::filesystem::path&)>& write);

 private:
  std::filesystem::path path_;
  bool made_folder_ = false, made_config_ = false;  // by this object
  std::string name_;                                // what manifests call the run
  std::shared_ptr<const FileLock> lock_;            // held while a process trains in the folder
};

}  // namespace foresee
