#pragma once

#include <cstdint>
#include <filesystem>

#include "planner/env/collect.h"

namespace foresee {

// Note [Parts]
// Episodes are generated kEpisodesAtOnce at a time by all threads, and each lot is a complete episode file in
// OUT.parts, beside the config it belongs to. A run that was cut off goes on behind the last part; when all are there,
// they become OUT and the folder goes. The bytes are those of an uninterrupted run: an episode depends on config, seed
// and number alone.
inline constexpr int64_t kEpisodesAtOnce = 64;

/// The folder of finished parts of one collection.
class CollectionParts {
 public:
  /// Begins, or goes on where the same collection was cut off. @throws Error when the folder is another's.
  CollectionParts(const std::filesystem::path& out, const planner::CollectConfig& config);

  /// The file of the episodes from `first` on, a multiple of kEpisodesAtOnce.
  std::filesystem::path part(int64_t first) const;
  /// Episodes in complete parts, of `wanted`.
  int64_t finished(int64_t wanted) const;
  const std::filesystem::path& folder() const { return folder_; }
  /// Removes the parts, and the folder where nothing else is in it.
  void remove() const;

 private:
  std::filesystem::path folder_;
};

}  // namespace foresee
