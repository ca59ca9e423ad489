#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "data/episode/dataset.h"
#include "jepa/core/api/job.h"
#include "jepa/train/heads/task.h"
#include "jepa/train/lewm/task.h"

namespace foresee {

/// Opens the episodes of a training: brings pictures to a square where `fit` says so, and says what is wrong with the
/// sets (check_sources, report_findings). @param state  what the training takes the states for.
/// @throws DataError; also for findings that are certain, or where reading is strict.
data::EpisodeDataset open_episodes(const std::vector<std::filesystem::path>& paths, const EpisodeReading& reading,
                                   const std::optional<data::PictureFit>& fit = {},
                                   const data::StateReading& state = {});

/// The same for a model that is there: its picture size and rule, and its cameras where `reading` names none.
data::EpisodeDataset open_episodes_of(const Preprocess& preprocess, const std::vector<std::filesystem::path>& paths,
                                      EpisodeReading reading = {});

/// Takes from the data what a recipe need not say: the size of an action block, unless the recipe says another one than
/// its preset. @param preset  of the recipe.
void take_sizes(const data::EpisodeDataset& dataset, const LewmRecipe& preset, LewmRecipe& recipe);

/// Clips of an episode set as LeWM trains on them: actions normalised by the set's own statistics, NaN -> 0, shuffled
/// by (seed, step), read ahead; held-out sequences of history + held_out_horizon frames, evenly spread; and frames of
/// training episodes that probes are fitted on. The probes' target is the column "state" (else "proprio"): in Two-Room
/// the agent's position, in Push-T positions and the block's angle, as it is and as sine and cosine, which do not jump.
/// @param dataset  outlives the result. @param actions  of the model that training begins with; none: the set's own.
/// @param old  episodes of a scene that is rehearsed (Note [Rehearsal]), outlives the result; null: none.
/// @throws DataError when the pictures are of another size or no episode is long enough.
LewmTrainData lewm_train_data(const data::EpisodeDataset& dataset, const LewmRecipe& recipe, uint64_t seed,
                              const std::optional<ActionSpec>& actions = {}, const data::EpisodeDataset* old = nullptr);

/// Frames of a held-out sequence: the history, then held_out_horizon predictions.
data::ClipShape held_out_shape(const LewmRecipe& recipe);
/// The held-out part of it. @param spec  what actions are normalised with. Where no held-out episode is long enough for
/// held_out_horizon predictions, there are as many as fit, and that is said; without frames where not even one fits.
/// @throws DataError when the pictures are of another size.
LewmHeldOut lewm_held_out(const data::EpisodeDataset& dataset, const LewmRecipe& recipe, const ActionSpec& spec);

/// What a set lacks of which no held-out sequence can be made.
std::string why_none_held_out(const data::EpisodeDataset& dataset, const LewmRecipe& recipe);

/// @param size  pixels of the model's pictures. @throws DataError when the episodes' are of another size.
void require_picture_size(const data::EpisodeDataset& dataset, int64_t size);

/// Embeddings of every row of a split, for heads. @param dataset  outlives the result.
/// @param spec  what actions are normalised with. @throws DataError, Interrupted when stopped.
LatentEpisodes latent_episodes(const data::EpisodeDataset& dataset, data::Split split, const Lewm& model,
                               const Preprocess& preprocess, const ActionSpec& spec, const JobControl& control = {});

}  // namespace foresee
