#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foresee/error.h"
#include "foresee/export.h"
#include "foresee/job.h"
#include "foresee/request_error.h"
#include "foresee/settings.h"

namespace foresee {

/// A video encoder that is learned from unlabeled video by masked prediction (V-JEPA 2).
struct PretrainRequest {
  std::vector<std::filesystem::path> data{};  // videos, folders of them, list files
  std::string preset{};                       // where the defaults come from; empty: vjepa2-nano
  std::filesystem::path from{};               // run or file whose networks and optimizer the run begins with
  bool cool_down = false;                     // the second stage: the rate falls, clips are longer; needs `from`
  std::optional<int64_t> steps{};             // optimizer steps in all, >= 1; over the settings' loop.steps
  std::optional<int64_t> checkpoint_every{};  // steps between checkpoints, >= 1; over loop.checkpoint_every
  JobOptions options{};                       // settings: keys of `foresee config pretrain`
  std::filesystem::path out{};                // run folder; a run that is there goes on from its latest checkpoint
};

/// What came of it.
struct PretrainResult {
  std::filesystem::path run;     // the run folder
  std::filesystem::path model;   // its latest checkpoint: a model folder of the encoder
  int64_t steps = 0;             // done in all
  bool interrupted = false;      // stopped before the last step; the same request goes on
  double seconds = 0;            // wall-clock of the training loop in this call
  double frames_per_second = 0;  // rate of that loop
  /// Scores on held-out frames, by name, of the last evaluation: skill (1 perfect, 0 as good
  /// as the mean of what is seen), skill_constant (the same against the best constant), effective_rank and mean_std
  /// (collapse: 1, and 0), between_clips and between_positions (shares of a token's squared norm that vary there),
  /// rank_clips and rank_positions, retrieval of a clip by its other crop and retrieval_chance, l1_model, l1_baseline,
  /// l1_constant.
  std::vector<std::pair<std::string, double>> held_out{};
  std::vector<std::pair<std::string, double>> start{};  // the same before the first step
  std::vector<std::string> flags{};                     // what is wrong with the features: "collapse"
  std::string hold_out_rule{};                          // which frames were held out
};

/// Pretrains, or resumes: the outcome is the same to the last bit however often a run was stopped. Prints nothing.
/// Several threads may pretrain at the same time, in different run folders.
/// @param control  asked to stop, the run saves a checkpoint and ends.
/// @throws RequestError for a member that is missing or that contradicts the settings; ConfigError for a setting that
/// is unknown, or when the run was started with another one; DataError when the videos cannot be read or are too short
/// to hold anything out; CheckpointError for a `from` that does not fit; Error when a loss is not finite or the disk is
/// full.
FORESEE_API PretrainResult pretrain(const PretrainRequest& request, const JobControl& control = {});

}  // namespace foresee
