#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "foresee/array.h"
#include "foresee/controller.h"
#include "foresee/error.h"
#include "foresee/export.h"
#include "foresee/job.h"
#include "foresee/picture.h"
#include "foresee/read_options.h"
#include "foresee/settings.h"

namespace foresee {

/// A trained model of any family: what it is, what it needs, what it sees in pictures, and, where it knows actions, one
/// plan at a time. Controller acts in a loop.
///
///   const foresee::Model model({.model = "runs/my-robot"});
///   const foresee::Array<float> seen = model.encode({&picture, 1});
///
/// Several threads may call the const functions of one object.
class FORESEE_API Model {
 public:
  /// Which model, and where it computes.
  struct Options {
    std::filesystem::path model{};  // model folder, run folder, or a published file
    Device device = Device::kAuto;  // where the model computes
    ReadOptions read{};             // what the file does not say
  };

  /// What it is.
  struct Info {
    std::string family;                        // "vjepa2", "vjepa2_ac", "lewm"
    std::string description;                   // of the family, for people
    std::string format;                        // a name of export_formats(): whose form the files have
    int64_t parameters = 0;                    // trained numbers, of all networks
    std::vector<std::filesystem::path> files;  // those that hold weights
    bool plans = false;                        // whether it knows actions
    int64_t frames = 1;   // pictures of a usual clip that is encoded as a whole; 1: each picture alone
    int64_t tubelet = 1;  // clips have a multiple of so many pictures
  };

  /// Loads a model. @throws CheckpointError for one that cannot be read; UnknownSizeError where ReadOptions has to say
  /// more; Error for a device that is not there.
  explicit Model(const Options& options);
  ~Model();
  /// Takes over another one.
  Model(Model&&) noexcept;
  /// The same.
  Model& operator=(Model&&) noexcept;

  /// What the model is.
  const Info& info() const;
  /// What pictures it works on. Pictures of other sizes are brought to it by its own rule: "resize", "center_square",
  /// or, of an encoder of video, a transform of `foresee encode --preprocess`.
  const Controller::PictureInfo& picture() const;
  /// The robot's state that it takes beside a picture.
  const Controller::StateInfo& state() const;
  /// What it plans; size 0 where it knows no actions.
  const Controller::ActionInfo& action() const;

  /// What the model makes of pictures.
  /// @param pictures  of an encoder of video: one clip, oldest first, all of one size; one alone is repeated to fill a
  /// token. Of a world model: any number, each encoded alone.
  /// @param states  where state().of_goal: state().size numbers of each picture, one picture after the other.
  /// @returns of a clip: [N, D] tokens, time slowest, then rows, then columns. Of single pictures: [T, ...], the
  /// family's own shape behind T: lewm [T, D], vjepa2_ac [T, N, D].
  /// @throws Error for pictures or states of the wrong number or size.
  Array<float> encode(std::span<const PictureView> pictures, std::span<const double> states = {}) const;

  /// What to plan.
  struct PlanRequest {
    std::vector<Controller::Observation> observed{};  // oldest first, one action block apart; as Controller::look_back
    Controller::Goal goal{};                          // what is wanted
    Settings settings{};  // the keys of `foresee config plan`; without the key history, plans look at all of `observed`
    uint64_t seed = 0;    // names the random draws of the search
    JobControl job{};     // who watches the search, and may end it
  };
  /// One plan, as a Controller makes its first. @throws Error for a model that knows no actions, and as
  /// Controller::act.
  Controller::PlannedActions plan(const PlanRequest& request) const;

 private:
  friend struct ModelAccess;
  struct Impl;
  explicit Model(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace foresee
