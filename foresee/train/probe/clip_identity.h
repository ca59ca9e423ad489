#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace foresee {

/// What tells a clip's file from others.
struct ClipIdentity {
  std::filesystem::path path;
  uint64_t size = 0;     // bytes
  int64_t time = 0;      // of the last change, as the file system counts
  uint64_t content = 0;  // hash of the bytes; of more than 4 MB, of a MB at the beginning, in the middle and at the end
};

/// @throws DataError where the file cannot be read.
ClipIdentity clip_identity(const std::filesystem::path& path);

/// Which clips are set apart: those of which `chosen` says so by a hash of where they lie below `folder` (empty: the
/// working one) and of their content, never by their bare names. Files of one content stay together, wherever they lie.
/// Of five and more different clips at least one is set apart, and at least one is not.
std::vector<bool> clips_apart(const std::vector<ClipIdentity>& clips, const std::filesystem::path& folder,
                              const std::function<bool(uint64_t)>& chosen);

/// Whether each clip is kept from training: about a tenth.
std::vector<bool> held_out_clips(const std::vector<ClipIdentity>& clips, const std::filesystem::path& folder);

}  // namespace foresee
