#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/episode/dataset.h"
#include "data/episode/training_set/contents.h"
#include "foresee/train/recorded_sequences.h"
#include "jepa/core/api/job.h"
#include "jepa/model/world_model.h"

namespace foresee {

/// Episodes as a model sees them: one row for each action block, all episodes one after the other.
struct SeenEpisodes {
  Tensor latents;                   // double [F, D], on the CPU; of several tokens their mean
  Tensor actions;                   // double [F, block * A], normalised, NaN -> 0; block r leaves row r
  Tensor states;                    // double [F, S]; undefined where no column holds a state
  Tensor held_out;                  // bool [F]
  std::vector<int64_t> first;       // row where each episode begins, and F behind the last
  std::vector<int64_t> in_dataset;  // its number there
};

/// The encodings of an episode's pictures, one for each action block, as WorldModel::encode_goal gives them.
/// @pre the episode has a block. @returns float [rows / block, ...], on the CPU.
Tensor encoded_rows(const WorldModel& model, const SequenceReader& reader, int64_t episode);

/// @param episodes  of the data set, in order. @param trained  those that the model was trained on; where it does not
/// say, data::held_out decides. @param state  a column; empty: none.
/// @throws DataError, Interrupted.
SeenEpisodes see_episodes(const WorldModel& model, const data::EpisodeDataset& dataset,
                          const std::vector<int64_t>& episodes, const data::TrainedEpisodes& trained,
                          const std::string& state, const JobControl& control);

/// Roll-outs beside what was recorded.
struct OpenLoop {
  Tensor present;    // int64 [n], the last row that was seen
  Tensor predicted;  // double [n, H, D], rows present + 1 .. present + H
};

/// Last seen rows of all clips of `history` rows and `horizon` more, `stride` rows apart; of these at most `most`,
/// drawn. @returns int64 [n], ascending.
Tensor clip_rows(const SeenEpisodes& seen, int64_t history, int64_t horizon, int64_t stride, int64_t most,
                 uint64_t seed);

/// Sequences that begin at rows. @param rows  of clip_rows. @pre reader has the history of clip_rows.
SeenSequences sequences_at(const SequenceReader& reader, const SeenEpisodes& seen, const Tensor& rows, int64_t history,
                           int64_t horizon);

OpenLoop open_loop(const WorldModel& model, const SequenceReader& reader, const SeenEpisodes& seen, const Tensor& rows,
                   int64_t history, int64_t horizon, const JobControl& control);

/// Roll-outs [B, K, H, ...] with the mean over tokens: double [B, K, H, D], on the CPU.
Tensor pooled_rollout(const Tensor& rollout);

}  // namespace foresee
