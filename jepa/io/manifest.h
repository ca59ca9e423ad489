#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace foresee {

// Note [Manifests]
// Every checkpoint and every model folder holds manifest.json:
//   {"step": N, "run": "89abcdef", "files": {"model.safetensors": {"bytes": B, "crc32c": "01234567"}, ...}}
// `step` and `run` are there in checkpoints only; `run` names the run that it belongs to (RUN/.run). Tensors and
// optimizer state must be what it says. The small JSON files may be edited by hand: a line says so. Folders without
// a manifest (older runs, those of other programs) are read as they are.

inline constexpr const char* kManifestFile = "manifest.json";

/// What of a folder is about to be read.
enum class ManifestScope {
  kModel,   // all but the optimizer's state
  kResume,  // everything
};

/// What a checkpoint says of where it belongs.
struct CheckpointOrigin {
  int64_t step = 0;
  std::string run;  // what the run is called; empty: not known
};

/// Writes FOLDER/manifest.json over every other regular file in it but cards and markers. @throws Error.
void write_manifest(const std::filesystem::path& folder, const std::optional<CheckpointOrigin>& origin = {});

/// Reads the files that the manifest names and compares them, in one pass over their bytes.
/// @param expected  where the folder is thought to belong; its step is compared, and its run unless empty.
/// @returns what is wrong, for a message ("model.safetensors: its bytes changed since it was written"); nothing where
/// all is as it was written or where there is no manifest. Files edited by hand are told with a line.
std::optional<std::string> manifest_damage(const std::filesystem::path& folder, ManifestScope scope,
                                           const std::optional<CheckpointOrigin>& expected = {});

/// CRC-32C of the weights at a path: of a file, or of all weight files of a model folder or a run's latest checkpoint,
/// one behind the other. @returns 8 hexadecimal digits. @throws CheckpointError where there are none.
std::string weights_checksum(const std::filesystem::path& path);

}  // namespace foresee
