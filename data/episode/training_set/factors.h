#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "data/episode/dataset.h"

namespace foresee::data {

/// What a model folder says of the training split: its factors of variation (Note [Factors]) and what its episodes hold
/// (Note [Known episodes]): {"factors": {KEY: {"low": [..], "high": [..], "values": [[..], ..]}}, "hold_out": [..],
/// "picture_sizes", "episodes"}. "values" is there where the factor took few values: at most 64, and three episodes for
/// each. Null where no factor was drawn and there are no actions.
/// @param hold_out  what was kept from training.
nlohmann::json training_set_json(const EpisodeDataset& dataset, const std::vector<std::string>& hold_out);

/// What two sets that are learned from at the same time were like together. A factor that only one of them drew is left
/// out, for the other's value is not known. Null where nothing is left.
nlohmann::json joined_training_sets(const nlohmann::json& a, const nlohmann::json& b);

/// The texts of "hold_out" of such an object; of null none. @throws DataError where they are no list of texts.
std::vector<std::string> held_out_factors(const nlohmann::json& training_set);

/// How a value of a factor lies to those that a model was trained on.
enum class FactorPlace {
  kUnknown,       // the training set says nothing of the factor
  kTrained,       // one of the values, or inside of the range
  kInterpolated,  // between trained values, or held out inside of their range
  kExtrapolated   // outside of their range
};

/// Where a value lies. @param value  as many numbers as the factor has. @throws DataError where the training set has
/// another form.
FactorPlace factor_place(const nlohmann::json& training_set, const std::string& key, const std::vector<double>& value);

}  // namespace foresee::data
