#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/episode/training_set/factors.h"
#include "foresee/evaluate.h"
#include "planner/eval/evaluate.h"

namespace foresee {

/// training_set.json of a model; null where there is none. @param model  folder or run; empty: none.
nlohmann::json training_set_of(const std::filesystem::path& model);

/// What a model was trained on, and how its planner did there and elsewhere.
class TrainedFactors {
 public:
  /// @param model  its folder or run; empty: none. @param trained  texts of Note [Factors] that come before what the
  /// folder says: a range is trained as a whole. @throws ConfigError, CheckpointError.
  TrainedFactors(const std::filesystem::path& model, const std::vector<std::string>& trained);

  /// Where a value of a factor lies: "trained", "interpolated", "extrapolated"; empty: not known.
  std::string place(const std::string& key, const std::string& value) const;
  /// Counts the planner's trials. @param place  of all of them; empty: each by the factors of its start, of which the
  /// one that lies furthest off counts.
  void count(const planner::EvalResult& result, const std::string& place);
  /// Over all that was counted; nothing where no place is known.
  std::optional<Generalisation> generalisation() const;

 private:
  nlohmann::json training_set_;
  struct Count {
    int64_t successes = 0, n = 0;
  };
  std::array<Count, 3> counts_{};  // trained, interpolated, extrapolated
};

}  // namespace foresee
