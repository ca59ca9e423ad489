#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/episode/dataset.h"
#include "jepa/core/api/job.h"
#include "jepa/model/world_model.h"

namespace foresee {

/// What a model makes of recorded sequences, at most 64, evenly spread: what a plan is judged by.
struct RecordedSequences {
  Tensor recorded, nothing;  // double [n], costs of what was done and of nothing, toward where it led
  Tensor goals;              // float [m, F], features of recorded goals
  Tensor episodes;           // int64 [m], of the goals
};

/// Sequences as a model plans from them: B of them, of H blocks.
struct SeenSequences {
  std::unique_ptr<Context> context;  // where they begin
  Tensor goals;                      // where they led, as WorldModel::encode_goal gives it
  Tensor actions;                    // float [B, H, D], normalised blocks: what was done
};

/// The column that holds the robot's states as the model takes them; empty: it takes none. @throws DataError where it
/// takes some and there is none like that.
std::string state_column(const data::EpisodeDataset& dataset, const StateSpec& spec);

/// How sequences of episodes are read for a model.
struct SequenceReader {
  const data::EpisodeDataset* dataset = nullptr;
  int64_t rows = 1;                    // of a block
  std::vector<std::string> columns{};  // that must hold finite numbers
  std::function<SeenSequences(std::span<const data::EpisodeClip> clips, int64_t horizon)> read{};
  /// What was done in clips: float [B, T or T - 1, D], normalised blocks, NaN -> 0.
  std::function<Tensor(const data::ClipBatch& batch)> blocks{};
};

/// Reads pictures and encodes them. @param model, dataset  outlive the result. @param history  pictures, one block
/// apart, that a sequence begins with; the plan begins at the last. @param rows  of a block where actions are changes
/// of poses, which any number of rows may lie between; none: as many as actions.
/// @throws DataError for episodes without the state that the model takes, and for a model that takes the camera's pose.
SequenceReader sequence_reader(const WorldModel& model, const data::EpisodeDataset& dataset, int64_t history = 1,
                               std::optional<int64_t> rows = {});

inline constexpr int64_t kMostSequences = 64;

/// @param horizon  blocks of a sequence. @param most  sequences, evenly over those there are.
/// @returns nothing where no episode of the split is long enough, and where `control` was stopped.
std::optional<RecordedSequences> recorded_sequences(const WorldModel& model, const SequenceReader& reader,
                                                    data::Split split, int64_t horizon, Objective objective,
                                                    int64_t most = kMostSequences, const JobControl& control = {});

/// What pictures are told apart by: encodings, of several tokens their mean. @param goals  as WorldModel::encode_goal
/// gives them. @returns float [B, F], on the CPU.
Tensor picture_features(const Tensor& goals);

// Note [Costs of training]
// training_costs.json of a model folder lets a plan be judged without the episodes that the model was trained on:
//   {"objective": "latent",
//    "horizons": {"1": {"recorded": [n], "nothing": [n], "episodes": [n], "goals": [n][F]}, ...}}
// It holds sequences of the training episodes, of 1 to 8 blocks; the goals' features stand at the first alone.

inline constexpr const char* kTrainingCostsFile = "training_costs.json";

/// Writes it beside a model that was just trained. Writes nothing where no episode is long enough, or where costs are
/// not finite. Of a large model, which would take more than about a minute, fewer sequences are measured, and then
/// shorter ones only; a line says so. @param control  stopped, longer sequences are left out. @throws Error when it
/// cannot be written.
void write_training_costs(const std::filesystem::path& folder, const WorldModel& model, const SequenceReader& reader,
                          const JobControl& control = {});

/// Reads it. @param horizon  blocks of the plan. @returns nothing where the folder has no such file, or none of this
/// horizon or objective. @throws CheckpointError for a damaged one.
std::optional<RecordedSequences> read_training_costs(const std::filesystem::path& folder, int64_t horizon,
                                                     Objective objective);

}  // namespace foresee
