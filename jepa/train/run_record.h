#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "jepa/core/config.h"

namespace foresee {

/// What decides the result of a run beside its recipe.
struct RunOrigin {
  std::string family;                                       // what is trained
  std::optional<std::string> preset{};                      // where the defaults come from; nothing: there are none
  int64_t seed = 0;                                         // of everything random
  std::string data_key = "data";                            // what `data` is called in the run folder
  std::vector<std::string> data{};                          // files that are learned from
  std::optional<std::string> encoder{}, encoder_weights{};  // of a frozen encoder: path, fingerprint
};
void describe(Fields& fields, RunOrigin& origin);
/// The origin as settings say it, which may hold a recipe's keys as well. @throws ConfigError as parse_config.
RunOrigin read_origin(const nlohmann::json& settings, const std::string& where, const RunOrigin& defaults);

/// A run as it is written into its folder: origin and recipe, all keys side by side.
template <class Recipe>
struct RunRecord {
  RunOrigin origin;
  Recipe recipe;
};

template <class Recipe>
void describe(Fields& fields, RunRecord<Recipe>& record) {
  describe(fields, record.origin);
  describe(fields, record.recipe);
}

}  // namespace foresee
