#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "jepa/core/text/factor_spec.h"
#include "planner/env/env_config.h"

namespace foresee::planner {

/// Values of factors by key (Note [Factors]). A truth is 0 or 1, a name its place in the list of names that
/// `foresee config` prints.
using FactorValues = std::vector<std::pair<std::string, std::vector<double>>>;

/// A scene with its factors.
struct DrawnScene {
  EnvConfig variation;
  FactorValues values{};  // of the factors that were drawn, in their order
};

/// Checks texts of Note [Factors] for an environment: both ends of every range. @throws ConfigError for a factor that
/// the environment has not (with the nearest one), one that is drawn twice, and values that it does not allow.
void check_draw(const std::vector<std::string>& draw, const std::string& env, const EnvConfig& variation);

/// Draws every factor, each on its own: a pure function of (draw, seed, id). Whole numbers for factors that are.
/// @param variation  what is not drawn. @throws ConfigError as check_draw.
DrawnScene draw_scene(const std::vector<std::string>& draw, const std::string& env, const EnvConfig& variation,
                      uint64_t seed, uint64_t id);

/// The scene whose factors have these values. @throws ConfigError as check_draw.
EnvConfig with_factors(const FactorValues& values, const std::string& env, const EnvConfig& variation);

/// One value of a factor, as a text of JSON or a name, in numbers: what draw_scene says of it. A single number for a
/// list stands for each of its numbers. @throws ConfigError as check_draw.
std::vector<double> factor_value(const std::string& key, const std::string& value, const EnvConfig& variation);

/// Gives a factor a value in the settings of the group "world": a single number for a list stands for each of its
/// numbers, and factors of one's own program join the others in its text. @param world  JSON object.
/// @throws ConfigError for a factor that there is not, with the nearest one.
void set_factor(nlohmann::json& world, const std::string& key, const std::string& value, const EnvConfig& variation);

}  // namespace foresee::planner
