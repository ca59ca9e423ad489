#include "foresee/evaluate/quality/flags.h"

#include <fmt/format.h>

#include <algorithm>

namespace foresee {
namespace {

constexpr double kLeastRank = 5, kLeastRankShare = 0.05;  // the smaller of both, and at least 2
constexpr double kLeastBetweenRows = 0.005;  // where all rows look alike to the model, their rank says nothing
constexpr double kLeastSensitivity = 0.1;
constexpr double kMostOverTraining = 2;
constexpr double kMostOverNothing = 1;
constexpr double kLeastCalibration = 0.15;  // rows in any order: 0, give or take a few hundredths

}  // namespace

std::vector<EvaluationFlag> quality_flags(const QualitySigns& signs) {
  std::vector<EvaluationFlag> flags;
  const auto raise = [&](const char* name, bool broken, double value, double threshold, const std::string& meaning) {
    if (broken) flags.push_back({name, value, threshold, meaning});
  };
  const double least = std::max(2.0, std::min(kLeastRank, kLeastRankShare * static_cast<double>(signs.width)));
  if (signs.between_rows < kLeastBetweenRows)
    raise("collapse", true, signs.between_rows, kLeastBetweenRows,
          fmt::format("all pictures have nearly the same latent: they differ by {:.2g} of its squared length; below "
                      "{:g} is a collapse",
                      signs.between_rows, kLeastBetweenRows));
  else
    raise("collapse", signs.effective_rank < least, signs.effective_rank, least,
          fmt::format("the latents differ in {:.1f} directions of {}; fewer than {:.1f} is a collapse",
                      signs.effective_rank, signs.width, least));
  raise("actions ignored", signs.action_sensitivity < kLeastSensitivity, signs.action_sensitivity, kLeastSensitivity,
        fmt::format("other actions change the prediction by {:.3f} of what changes in the world; below {:.1f} a plan "
                    "does not matter to the model",
                    signs.action_sensitivity, kLeastSensitivity));
  const double ratio = signs.held_out_error / signs.training_error;
  raise("memorised", ratio > kMostOverTraining, ratio, kMostOverTraining,
        fmt::format("held-out episodes are predicted with {:.1f} times the error of training episodes; above {:.0f} "
                    "the model knows its training episodes by heart",
                    ratio, kMostOverTraining));
  raise(
      "untrained", signs.error_over_nothing >= kMostOverNothing, signs.error_over_nothing, kMostOverNothing,
      fmt::format("one block ahead the error is {:.2f} of that of 'nothing changes'; from {:.0f} on the prediction is "
                  "worth nothing",
                  signs.error_over_nothing, kMostOverNothing));
  raise(
      "cost uncalibrated", signs.calibration < kLeastCalibration, signs.calibration, kLeastCalibration,
      fmt::format("near a goal, latent distance follows true distance with a rank correlation of {:.2f}; below {:.2f} "
                  "a cheap plan need not come near the goal",
                  signs.calibration, kLeastCalibration));
  return flags;
}

}  // namespace foresee
