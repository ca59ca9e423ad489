#pragma once

#include <filesystem>
#include <optional>
#include <variant>
#include <vector>

#include "foresee/controller.h"
#include "jepa/core/api/request_error.h"

namespace foresee {

/// A picture: a file, or pixels in memory.
using PictureSource = std::variant<std::filesystem::path, PictureView>;

/// One plan from a picture to a goal picture.
struct PlanRequest {
  std::filesystem::path model{};               // model folder, run folder, or a published file of a family that plans
  std::vector<PictureSource> observed{};       // what is seen, oldest first; models without a state take one
  std::vector<PictureSource> goal{};           // one for each camera of the model
  std::vector<std::vector<double>> states{};   // of the robot at every picture, where the model takes it
  std::optional<std::filesystem::path> out{};  // folder for plan.json; none: nothing is written
  JobOptions options{};                        // keys: those of a Controller; without "history" plans look at all
                                               // pictures
  ReadOptions read{};                          // what the model's file does not say
  std::vector<std::vector<double>> extrinsics{};  // the camera's pose at every picture (one: the same at all), where
                                                  // the model was trained with it
};

/// What was found.
struct PlanResult {
  Controller::PlannedActions plan{};
  double elapsed_ms = 0;  // from reading the pictures to the plan; the model was loaded before
};

/// Plans once, by a Controller. Several threads may plan at the same time.
/// @throws RequestError for states or pictures that do not fit the model; CheckpointError, ConfigError and Error as
/// Controller does; DataError for a picture that cannot be read or is not of the first one's size; OutputExists; Error
/// "interrupted" when it is asked to stop.
FORESEE_API PlanResult plan_once(const PlanRequest& request, const JobControl& control = {});

}  // namespace foresee
