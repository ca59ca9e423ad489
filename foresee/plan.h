#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "foresee/controller.h"
#include "jepa/core/api/request_error.h"

namespace foresee {

/// A picture: a file, or pixels in memory.
using PictureSource = std::variant<std::filesystem::path, PictureView>;

/// One plan from a picture to a goal picture.
struct PlanRequest {
  std::filesystem::path model{};                // model folder, run folder, or a published file of a family that plans
  std::vector<PictureSource> observed{};        // what is seen, oldest first, one action block apart; of a model with
                                                // several cameras a picture of each, then those of the next moment
  std::vector<PictureSource> goal{};            // one for each camera of the model
  std::vector<std::vector<double>> states{};    // of the robot at every moment, where the model takes it
  std::vector<std::vector<double>> executed{};  // the actions between the moments, one after the other; of a model of
                                                // arm poses they may be left out: the poses say them
  std::vector<double> goal_state{};             // of the robot at the goal, where the model wants it
  std::vector<std::filesystem::path> data{};    // recorded episodes that the plan is judged by; none: what
                                                // the model's training kept, if anything
  std::optional<std::filesystem::path> out{};   // folder for plan.json; none: nothing is written
  std::optional<std::filesystem::path> imagine{};  // FILE.png or .mp4: what the model imagines along the plan, shown by
                                                   // frames of `data`, else of the model's folder
  JobOptions options{};                            // keys: those of a Controller; without "history" plans look at all
                                                   // pictures
  ReadOptions read{};                              // what the model's file does not say
  std::vector<std::vector<double>> extrinsics{};   // the camera's pose at every picture (one: the same at all), where
                                                   // the model was trained with it
};

/// Three quantiles.
struct Spread {
  double low = 0, middle = 0, high = 0;  // 5 %, half, 95 %
};

/// Where a plan lies among recorded sequences as long as itself. Distances are those of the model's encodings from the
/// nearest picture of another episode.
struct PlanScale {
  int64_t sequences = 0;
  Spread recorded{};             // costs of the recorded actions toward where they led
  Spread nothing{};              // of doing nothing in their place
  double share_below_plan = 0;   // of the recorded costs that are smaller than the plan's
  Spread distances{};            // of recorded goals
  double goal_distance = 0;      // of the goal
  double present_distance = 0;   // of what is seen now
  bool goal_is_strange = false;  // further away than 99 % of the recorded ones
  bool present_is_strange = false;
};

/// What the model imagines along a plan, as pictures. Distances are root mean squares over all numbers of an encoding.
struct PlanImagination {
  std::filesystem::path file{};     // the film strip or video
  std::string frames{};             // the real frames that it is shown by, in words
  std::vector<double> distances{};  // of what is imagined after each block from the nearest real frame
  double present_distance = 0;      // same, of what is seen now
  double goal_distance = 0;         // of the goal
  double step = 0;                  // median distance of real frames one block apart
  bool decoder = false;             // the model draws pictures itself, too
};

/// What was found.
struct PlanResult {
  Controller::PlannedActions plan{};             // what was found
  std::optional<PlanScale> scale{};              // where there was something to judge by
  std::optional<PlanImagination> imagination{};  // where PlanRequest::imagine is given
  double elapsed_ms = 0;                         // from reading the pictures to the plan; the model was loaded before
};

/// Plans once, by a Controller. Several threads may plan at the same time.
/// @throws RequestError for states, actions or pictures that do not fit the model; CheckpointError, ConfigError and
/// Error as Controller does; DataError for a picture that cannot be read or is not of the first one's size;
/// or "imagine", "data" where there are no frames to show what is imagined; OutputExists; Error "interrupted" when it
/// is asked to stop.
FORESEE_API PlanResult plan_once(const PlanRequest& request, const JobControl& control = {});

}  // namespace foresee
