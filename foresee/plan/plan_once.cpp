#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "data/picture/image.h"
#include "foresee/plan/plan_json.h"
#include "foresee/settings/job_output.h"
#include "foresee/settings/settings_json.h"
#include "foresee/settings/threads.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"

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

std::string name_of(const PictureSource& source, size_t index) {
  const auto* file = std::get_if<fs::path>(&source);
  return file != nullptr ? file->string() : fmt::format("picture {}", index + 1);
}

/// @throws RequestError unless there is a state of the model's size at every picture.
void check_states(const PlanRequest& request, const Controller::StateInfo& state) {
  const size_t pictures = request.observed.size();
  if (pictures == 0) throw RequestError("observed", "plan: expected a picture of the present");
  if (state.size == 0) {
    if (!request.states.empty()) throw RequestError("states", "this model takes no state of the robot; leave it out");
    if (pictures != 1) throw RequestError("observed", "plan: this model takes one picture of the present");
    return;
  }
  const auto wrong = [](const std::string& message) { throw RequestError("states", message); };
  if (request.states.empty())
    wrong(fmt::format("this model takes the robot's own state: expected {} numbers ({})", state.size, state.meaning));
  if (request.states.size() != pictures)
    wrong(fmt::format("expected a state for each picture, got {} for {} pictures", request.states.size(), pictures));
  for (const auto& numbers : request.states)
    if (static_cast<int64_t>(numbers.size()) != state.size)
      wrong(fmt::format("a state: expected {} numbers ({}), got {}", state.size, state.meaning, numbers.size()));
}

/// @throws RequestError unless there is a pose of the camera for every picture, or one for all, where the model takes
/// it.
void check_extrinsics(const PlanRequest& request, int64_t size) {
  const auto wrong = [](const std::string& message) { throw RequestError("extrinsics", message); };
  const size_t given = request.extrinsics.size();
  if (size == 0 && given > 0) wrong("this model was trained without the camera's pose; leave it out");
  if (size > 0 && given == 0)
    wrong(fmt::format("this model was trained with the camera's pose: expected {} numbers", size));
  if (size > 0 && given != 1 && given != request.observed.size())
    wrong(fmt::format("expected a camera's pose for each picture, or one for all, got {} for {} pictures", given,
                      request.observed.size()));
  for (const auto& pose : request.extrinsics)
    if (static_cast<int64_t>(pose.size()) != size)
      wrong(fmt::format("a camera's pose: expected {} numbers, got {}", size, pose.size()));
}

/// The keys of the request. Where they say nothing of a history, plans look at all pictures.
Settings settings_of(const PlanRequest& request) {
  Settings settings = request.options.settings;
  if (!settings_json(nlohmann::json::object(), settings).contains("history") && !request.observed.empty())
    settings.set.push_back(fmt::format("history={}", request.observed.size()));
  return settings;
}

std::vector<fs::path> inputs_of(const PlanRequest& request) {
  std::vector<fs::path> inputs{request.model};
  for (const auto* pictures : {&request.observed, &request.goal})
    for (const PictureSource& source : *pictures)
      if (const auto* file = std::get_if<fs::path>(&source)) inputs.push_back(*file);
  return inputs;
}

/// Shows the controller what is seen. @returns its plan.
Controller::PlannedActions plan(const PlanRequest& request, Controller& controller) {
  check_states(request, controller.state());
  check_extrinsics(request, controller.state().extrinsics);
  std::vector<LoadedPicture> pictures, goal;
  for (size_t i = 0; i < request.observed.size(); ++i) {
    const PictureView view = pictures.emplace_back(request.observed[i]).view(), first = pictures.front().view();
    if (view.height != first.height || view.width != first.width)
      fail<DataError>("{}: expected a picture of the first one's size, {} x {}, got {} x {}",
                      name_of(request.observed[i], i), first.height, first.width, view.height, view.width);
  }
  Controller::Goal wanted;
  for (const PictureSource& source : request.goal) wanted.pictures.push_back(goal.emplace_back(source).view());
  log_info("encoding {} pictures", pictures.size() + goal.size());
  controller.set_goal(wanted);
  for (size_t i = 0; i < pictures.size(); ++i) {
    Controller::Observation seen{.pictures = {pictures[i].view()}};
    if (!request.states.empty()) seen.state = request.states[i];
    if (!request.extrinsics.empty()) seen.extrinsics = request.extrinsics[request.extrinsics.size() == 1 ? 0 : i];
    if (i + 1 < pictures.size())
      controller.look_back(seen);
    else
      controller.act(seen);
  }
  return controller.last_plan();
}

}  // namespace

nlohmann::ordered_json to_json(const PlanResult& result) {
  const Controller::PlannedActions& plan = result.plan;
  nlohmann::ordered_json json{
      {"actions", plan.actions}, {"action_block", plan.block},    {"cost", plan.cost},
      {"trace", plan.trace},     {"iterations", plan.iterations}, {"elapsed_ms", result.elapsed_ms}};
  if (!plan.states.empty()) json["states"] = plan.states;
  return json;
}

PlanResult plan_once(const PlanRequest& request, const JobControl& control) {
  const JobThreads threads(request.options.threads);
  std::optional<Output> place;
  if (request.out) place.emplace(Output::folder(*request.out, "plan", job_output(request.options, inputs_of(request))));
  Controller controller({.model = request.model,
                         .device = request.options.device,
                         .seed = request.options.seed,
                         .settings = settings_of(request),
                         .job = control,
                         .read = request.read});
  const auto begin = std::chrono::steady_clock::now();
  PlanResult result{.plan = plan(request, controller)};
  result.elapsed_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  if (place) {
    fs::create_directories(place->staged());
    write_json(place->staged() / "plan.json", to_json(result));
    place->commit();
  }
  return result;
}

}  // namespace foresee
