#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "data/episode/dataset.h"
#include "jepa/core/api/job.h"
#include "jepa/model/vjepa2_ac/vjepa2_ac.h"

namespace foresee {

/// Features of numbered items (clips, episodes) on disk, one safetensors file each, written under another name and
/// renamed: whatever is there is whole, and an interrupted run goes on where it was.
class LatentFolder {
 public:
  /// @param item  what the items are called in file names. @param identity  what the latents are of: encoder, data,
  /// preparation. @throws CheckpointError where the folder holds latents of something else (names the first
  /// difference).
  LatentFolder(std::filesystem::path folder, std::string item, const nlohmann::ordered_json& identity);

  bool has(int64_t item) const { return std::filesystem::exists(file(item)); }
  /// @throws Error on a full disk.
  void save(int64_t item, const Tensor& features) const;
  /// A view of the mapped file.
  Tensor features(int64_t item) const;
  const std::filesystem::path& path() const { return folder_; }

 private:
  std::filesystem::path file(int64_t item) const;

  std::filesystem::path folder_;
  std::string item_;
};

/// Features of every frame of an episode set, computed once by a frozen encoder and kept in a LatentFolder.
class LatentCache {
 public:
  /// Encodes what is not there yet; a stop ends it between episodes.
  /// @param identity  of the episodes: what the files were ("PATH SIZE TIME").
  /// @throws CheckpointError where the folder holds the latents of something else, Interrupted when stopped, Error on a
  /// full disk.
  LatentCache(std::filesystem::path folder, const data::EpisodeDataset& dataset, const Vjepa2Ac& model,
              const Preprocess& preprocess, const std::string& identity, const JobControl& control = {});

  /// Rows first, first + step, ... of an episode. @returns float [count, n, D].
  Tensor rows(int64_t episode, int64_t first, int64_t count, int64_t step) const;

 private:
  LatentFolder folder_;
  mutable std::vector<Tensor> mapped_;  // of each episode: [rows, n, D], a view of its file; undefined: not opened yet
};

/// A fingerprint of all weights of a module, for messages and caches: 16 hexadecimal digits.
std::string weights_fingerprint(const torch::nn::Module& module);

}  // namespace foresee
