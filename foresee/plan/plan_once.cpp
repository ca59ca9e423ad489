#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "data/picture/image.h"
#include "foresee/control/controller_access.h"
#include "foresee/control/controller_config.h"
#include "foresee/control/picture.h"
#include "foresee/control/world_model_info.h"
#include "foresee/imagine/film_file.h"
#include "foresee/plan/plan_film.h"
#include "foresee/plan/plan_json.h"
#include "foresee/plan/plan_scale.h"
#include "foresee/settings/device.h"
#include "foresee/settings/job_output.h"
#include "foresee/settings/settings_json.h"
#include "foresee/settings/threads.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/core/text/counted.h"
#include "jepa/core/torch.h"
#include "jepa/io/model_folder.h"
#include "jepa/model/family/family.h"
#include "planner/control/picture_fit.h"
#include "planner/space/effort.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

/// A picture in memory, read where it is a file.
class LoadedPicture {
 public:
  explicit LoadedPicture(const PictureSource& source) {
    if (const auto* pixels = std::get_if<PictureView>(&source)) {
      view_ = *pixels;
      return;
    }
    rows_ = data::read_image(std::get<fs::path>(source)).permute({1, 2, 0}).contiguous();
    view_ = {rows_.const_data_ptr<uint8_t>(), rows_.size(0), rows_.size(1)};
  }
  const PictureView& view() const { return view_; }

 private:
  Tensor rows_;  // uint8 [H, W, 3]; undefined for pixels of the caller's
  PictureView view_;
};

std::string picture_name(const PictureSource& source, size_t index) {
  const auto* file = std::get_if<fs::path>(&source);
  return file != nullptr ? file->string() : fmt::format("picture {}", index + 1);
}

/// How the pictures of a request come about.
struct Moments {
  size_t cameras = 1, count = 0;  // pictures of one moment; moments
};

/// @throws RequestError unless there are pictures of every camera.
Moments moments_of(const PlanRequest& request, const Controller::PictureInfo& picture) {
  const auto cameras = static_cast<size_t>(picture.cameras);
  if (request.observed.empty()) throw RequestError("observed", "plan: expected a picture of the present");
  if (request.observed.size() % cameras != 0)
    throw RequestError("observed", fmt::format("plan: this model has {} cameras: expected a picture of each for every "
                                               "moment, got {} pictures",
                                               cameras, request.observed.size()));
  if (request.goal.size() != cameras)
    throw RequestError("goal", fmt::format("plan: expected {} of the goal, one of each camera, got {}",
                                           counted(static_cast<int64_t>(cameras), "picture"), request.goal.size()));
  return {cameras, request.observed.size() / cameras};
}

/// @throws RequestError for NaN and infinity. @param what  "a state".
void check_finite(const char* member, const char* what, const std::vector<double>& numbers) {
  for (size_t i = 0; i < numbers.size(); ++i)
    if (!std::isfinite(numbers[i]))
      throw RequestError(member,
                         fmt::format("{}: expected finite numbers, got {} as number {}", what, numbers[i], i + 1));
}

/// @throws RequestError unless there is a state of the model's size at every moment, and at the goal where it has one.
void check_states(const PlanRequest& request, const Controller::StateInfo& state, size_t moments) {
  const auto wrong = [](const char* member, const std::string& message) { throw RequestError(member, message); };
  const auto size_of = [&](const char* member, const std::vector<double>& numbers) {
    if (static_cast<int64_t>(numbers.size()) != state.size)
      wrong(member,
            fmt::format("a state: expected {} numbers ({}), got {}", state.size, state.meaning, numbers.size()));
    check_finite(member, "a state", numbers);
  };
  if (state.of_goal)
    size_of("goal_state", request.goal_state);
  else if (!request.goal_state.empty())
    wrong("goal_state", "the goal of this model is a picture alone; leave its state out");
  if (state.size == 0) {
    if (!request.states.empty()) wrong("states", "this model takes no state of the robot; leave it out");
    return;
  }
  if (request.states.empty())
    wrong("states",
          fmt::format("this model takes the robot's own state: expected {} numbers ({})", state.size, state.meaning));
  if (request.states.size() != moments)
    wrong("states",
          fmt::format("expected a state for each picture, got {} for {} pictures", request.states.size(), moments));
  for (const auto& numbers : request.states) size_of("states", numbers);
}

/// @throws RequestError unless the actions between the moments are there. @param poses  the states say them.
void check_executed(const PlanRequest& request, const Controller::ActionInfo& action, size_t moments, bool poses) {
  if (request.executed.empty() && (moments == 1 || poses)) return;
  const auto wanted = (moments - 1) * static_cast<size_t>(action.block);
  if (request.executed.size() != wanted)
    throw RequestError(
        "executed", fmt::format("expected the {} actions between the {} pictures, which lie {} apart, got {}", wanted,
                                moments, counted(action.block, "step"), request.executed.size()));
  for (const auto& numbers : request.executed) {
    if (static_cast<int64_t>(numbers.size()) != action.size)
      throw RequestError("executed",
                         fmt::format("an action: expected {} numbers, got {}", action.size, numbers.size()));
    check_finite("executed", "an action", numbers);
  }
}

/// @throws RequestError unless there is a pose of the camera for every picture, or one for all, where the model takes
/// it.
void check_extrinsics(const PlanRequest& request, int64_t size, size_t moments) {
  const auto wrong = [](const std::string& message) { throw RequestError("extrinsics", message); };
  const size_t given = request.extrinsics.size();
  if (size == 0 && given > 0) wrong("this model was trained without the camera's pose; leave it out");
  if (size > 0 && given == 0)
    wrong(fmt::format("this model was trained with the camera's pose: expected {} numbers", size));
  if (size > 0 && given != 1 && given != moments)
    wrong(fmt::format("expected a camera's pose for each picture, or one for all, got {} for {} pictures", given,
                      moments));
  for (const auto& pose : request.extrinsics) {
    if (static_cast<int64_t>(pose.size()) != size)
      wrong(fmt::format("a camera's pose: expected {} numbers, got {}", size, pose.size()));
    check_finite("extrinsics", "a camera's pose", pose);
  }
}

/// The keys of the request. Where they say nothing of a history, plans look at all pictures.
Settings settings_of(const PlanRequest& request, size_t moments) {
  Settings settings = request.options.settings;
  if (!settings_json(nlohmann::json::object(), settings).contains("history"))
    settings.set.push_back(fmt::format("history={}", moments));
  return settings;
}

std::vector<fs::path> inputs_of(const PlanRequest& request) {
  std::vector<fs::path> inputs{request.model};
  inputs.insert(inputs.end(), request.data.begin(), request.data.end());
  for (const auto* pictures : {&request.observed, &request.goal})
    for (const PictureSource& source : *pictures)
      if (const auto* file = std::get_if<fs::path>(&source)) inputs.push_back(*file);
  return inputs;
}

/// The pictures of a request, read.
struct Pictures {
  std::vector<LoadedPicture> observed, goal;

  explicit Pictures(const PlanRequest& request, const Moments& moments) {
    for (size_t i = 0; i < request.observed.size(); ++i) {
      const PictureView view = observed.emplace_back(request.observed[i]).view();
      const PictureView first = observed[i % moments.cameras].view();
      if (view.height != first.height || view.width != first.width)
        fail<DataError>("{}: expected a picture of the first one's size, {} x {}, got {} x {}",
                        picture_name(request.observed[i], i), first.height, first.width, view.height, view.width);
    }
    for (const PictureSource& source : request.goal) goal.emplace_back(source);
  }
};

std::vector<PictureView> views(std::span<const LoadedPicture> pictures) {
  std::vector<PictureView> out;
  for (const LoadedPicture& picture : pictures) out.push_back(picture.view());
  return out;
}

/// Shows the controller what is seen. @returns its plan.
Controller::PlannedActions plan(const PlanRequest& request, const Pictures& pictures, const Moments& moments,
                                Controller& controller) {
  log_info("encoding {} pictures", pictures.observed.size() + pictures.goal.size());
  controller.set_goal({.pictures = views(pictures.goal), .state = request.goal_state});
  const auto block = static_cast<size_t>(controller.action().block);
  for (size_t i = 0; i < moments.count; ++i) {
    Controller::Observation seen{.pictures =
                                     views(std::span(pictures.observed).subspan(i * moments.cameras, moments.cameras))};
    if (!request.states.empty()) seen.state = request.states[i];
    if (i > 0 && !request.executed.empty())
      for (size_t step = (i - 1) * block; step < i * block; ++step)
        seen.executed.insert(seen.executed.end(), request.executed[step].begin(), request.executed[step].end());
    if (!request.extrinsics.empty()) seen.extrinsics = request.extrinsics[request.extrinsics.size() == 1 ? 0 : i];
    if (i + 1 < moments.count)
      controller.look_back(seen);
    else
      controller.act(seen);
  }
  Controller::PlannedActions found = controller.last_plan();
  if (found.violation.value_or(0) > planner::kConstraintTolerance)
    log_warning("no plan that was found keeps its constraints; this one is off by {:.3g}", *found.violation);
  return found;
}

/// The model's features of pictures of one moment. @returns float [F].
Tensor features(const WorldModel& model, std::span<const LoadedPicture> pictures, const std::vector<double>& state) {
  const PictureSpec spec = model.picture_spec();
  Goal goal(planner::fit_picture(joined_picture(views(pictures), spec), spec).unsqueeze(0));
  if (model.state_spec().of_goal) goal.state = torch::tensor(state, at::kFloat).unsqueeze(0);
  const at::NoGradGuard no_grad;
  return picture_features(model.encode_goal(goal))[0];
}

/// A film of what the model imagines along the plan; nothing where none is asked for.
std::optional<PlanImagination> film_of(const PlanRequest& request, const WorldModel& model, const Pictures& pictures,
                                       const Moments& moments, const Controller& controller,
                                       const std::optional<FrameBank>& bank, std::optional<Output>& place) {
  if (!place) return std::nullopt;
  const PictureSpec spec = model.picture_spec();
  const auto fitted = [&](std::span<const LoadedPicture> shown) {
    return planner::fit_picture(joined_picture(views(shown), spec), spec);
  };
  const auto present = std::span(pictures.observed).last(moments.cameras);
  PlanImagination film = write_plan_film(
      place->staged(), model, *bank,
      {fitted(present), request.states.empty() ? std::vector<double>() : request.states.back()},
      {fitted(pictures.goal), request.goal_state}, ControllerAccess::imagined(controller), controller.action().block);
  place->commit();
  film.file = place->path();
  return film;
}

/// What the plan is judged by: the request's episodes, else what training kept beside the model; nothing where neither
/// is there.
std::optional<PlanScale> scale_of(const PlanRequest& request, const WorldModel& model, const Pictures& pictures,
                                  const Moments& moments, const Controller::PlannedActions& found) {
  const bool arm = model.state_spec().kind == StateSpec::Kind::kArmPose;
  const Objective objective = read_controller_config(settings_of(request, moments.count), arm).control.objective;
  const int64_t horizon = static_cast<int64_t>(found.actions.size()) / found.block;
  std::optional<RecordedSequences> kept;
  if (const fs::path place = own_folder_of(request.model); request.data.empty() && fs::is_directory(place))
    kept = read_training_costs(resolve_model_folder(place), horizon, objective);
  if (request.data.empty() && !kept) return std::nullopt;
  const auto present = std::span(pictures.observed).last(moments.cameras);
  const PlanEnds ends{
      .present = features(model, present, request.states.empty() ? std::vector<double>() : request.states.back()),
      .goal = features(model, pictures.goal, request.goal_state)};
  if (!kept) return plan_scale(model, request.data, horizon, objective, found.cost, ends);
  if (kept->goals.size(1) != ends.goal.numel())
    fail<CheckpointError>("{}: {} holds features of {} numbers, the model's have {}; remove it, or train anew",
                          request.model.string(), kTrainingCostsFile, kept->goals.size(1), ends.goal.numel());
  return plan_scale(*kept, found.cost, ends);
}

}  // namespace

PlanResult plan_once(const PlanRequest& request, const JobControl& control) {
  const JobThreads threads(request.options.threads);
  std::optional<Output> place, film;
  const OutputRules rules = job_output(request.options, inputs_of(request));
  if (request.out) place.emplace(Output::folder(*request.out, "plan", rules));
  if (request.imagine) film.emplace(claim_film(*request.imagine, "imagine", rules));
  const std::shared_ptr<const WorldModel> model = load_world_model(
      request.model, WorldModelOptions{.device = job_device(request.options.device), .read = request.read});
  const Moments moments = moments_of(request, picture_info(*model));
  check_states(request, state_info(*model), moments.count);
  check_extrinsics(request, state_info(*model).extrinsics, moments.count);
  check_executed(request, action_info(*model), moments.count, model->state_spec().kind == StateSpec::Kind::kArmPose);
  std::optional<FrameBank> bank;
  if (film) bank = frames_for(*model, request.model, request.data, control);
  Controller controller = ControllerAccess::open({.model = request.model,
                                                  .device = request.options.device,
                                                  .seed = request.options.seed,
                                                  .settings = settings_of(request, moments.count),
                                                  .judge = true,
                                                  .job = control,
                                                  .read = request.read},
                                                 model);
  const auto begin = std::chrono::steady_clock::now();
  const Pictures pictures(request, moments);
  PlanResult result{.plan = plan(request, pictures, moments, controller)};
  result.elapsed_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  result.scale = scale_of(request, *model, pictures, moments, result.plan);
  result.imagination = film_of(request, *model, pictures, moments, controller, bank, film);
  if (place) {
    fs::create_directories(place->staged());
    write_json(place->staged() / "plan.json", to_json(result));
    place->commit();
  }
  return result;
}

}  // namespace foresee
