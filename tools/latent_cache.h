#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/episode/dataset.h"
#include "jepa/model/vjepa2_ac.h"

namespace foresee::tools {

/// Features of every frame of an episode set, computed once by a frozen encoder and kept on disk: one safetensors file
/// an episode, written under another name and renamed, so that whatever is there is whole and an interrupted run goes
/// on where it was. latents.json says what they are of; a folder with the latents of another encoder or of other
/// episodes is refused.
class LatentCache {
 public:
  /// Encodes what is not there yet, with a progress bar; Ctrl-C ends it between episodes.
  /// @param identity  of the episodes: what the files were ("PATH SIZE TIME").
  /// @throws CheckpointError where the folder holds the latents of something else, Error when interrupted or on a full
  /// disk.
  LatentCache(std::filesystem::path folder, const data::EpisodeDataset& dataset, const Vjepa2Ac& model,
              const Preprocess& preprocess, const std::string& identity);

  /// Rows first, first + step, ... of an episode. @returns float [count, n, D].
  Tensor rows(int64_t episode, int64_t first, int64_t count, int64_t step) const;

 private:
  std::filesystem::path file(int64_t episode) const;

  std::filesystem::path folder_;
  mutable std::vector<Tensor> mapped_;  // of each episode: [rows, n, D], a view of its file; undefined: not opened yet
};

/// A fingerprint of all weights of a module, for messages and caches: 16 hexadecimal digits.
std::string weights_fingerprint(const torch::nn::Module& module);

}  // namespace foresee::tools
