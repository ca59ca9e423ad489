#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "data/episode/dataset.h"

namespace foresee::data {

// Note [Pace of a model]
// A model knows the world at one pace: what one action block changes. So training_set.json also says how many rows lie
// between two pictures ("rows_per_step") and, where the formats say it, how many rows a second has ("rows_per_second").

/// Writes both into what training_set_json gave. @param training_set  null becomes an object. @param rows  of a step.
void say_pace(nlohmann::json& training_set, const EpisodeDataset& dataset, int64_t rows);

/// Rows between two pictures; nothing where the model does not say. @throws DataError for another form.
std::optional<int64_t> rows_per_step(const nlohmann::json& training_set);

/// Refuses episodes of another rate than those of the training, where both say theirs.
/// @param model  what messages call the model. @throws DataError with both rates.
void require_pace(const nlohmann::json& training_set, const EpisodeDataset& dataset, const std::string& model);

}  // namespace foresee::data
