#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <optional>

#include "data/picture/image.h"
#include "data/picture/resize.h"
#include "foresee/plan/arm_plan.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/model/vjepa2_ac/world_model.h"
#include "planner/control/model_cost.h"
#include "planner/planner.h"
#include "tools/cli/command.h"

namespace foresee::tools {
namespace {

namespace fs = std::filesystem;

/// A picture as the model sees it. @returns uint8 [3, S, S].
Tensor model_picture(const fs::path& path, const Preprocess& preprocess) {
  return data::resize_pillow_bilinear(data::read_image(path), preprocess.size, preprocess.size);
}

std::vector<std::vector<double>> rows_of(const Tensor& table) {
  std::vector<std::vector<double>> rows;
  const Tensor values = table.to(at::kDouble).contiguous();
  for (int64_t i = 0; i < values.size(0); ++i) {
    const double* row = values[i].data_ptr<double>();
    rows.emplace_back(row, row + values.size(1));
  }
  return rows;
}

struct PlanOptions {
  fs::path model, goal;
  std::vector<fs::path> observed;   // oldest first
  std::vector<std::string> states;  // of each: "x,y,z,a,b,c,g"
};

struct Found {
  planner::Plan plan;
  Tensor actions;               // [H * block, A], the environment's units
  std::optional<Tensor> poses;  // [H + 1, 7], of an arm
};

/// With an arm's model: V-JEPA 2-AC's own search.
Found plan_for_arm(const Vjepa2AcWorldModel& world, const PlanOptions& options, const CommonOptions& common) {
  const auto config = parse_config(layered_config(nlohmann::json::object(), common), "plan", ArmPlanConfig());
  config.search.validate();
  const int64_t size = world.model().config.predictor.state_size;
  if (options.states.empty())
    fail("this model plans for an arm: expected its pose, --state x,y,z,a,b,c,g (m, rad, gripper 0 open to 1 closed)");
  std::vector<std::vector<double>> states;
  for (const auto& text : options.states) states.push_back(parse_state(text, size));
  std::vector<Tensor> frames;
  for (const auto& path : options.observed) {
    frames.push_back(data::read_image(path));
    if (frames.back().sizes() != frames.front().sizes())
      fail<DataError>("{}: expected a picture of the first one's size, got {}", path.string(),
                      foresee::describe(frames.back()));
  }
  ArmPlan found = plan_arm(world, arm_observation(at::stack(frames), states), data::read_image(options.goal), config,
                           common.seed, common.control);
  const Tensor actions = found.plan.blocks[0];
  return {std::move(found.plan), actions, found.states};
}

Found plan_blocks(const WorldModel& model, const PlanOptions& options, const CommonOptions& common) {
  if (options.observed.size() != 1) fail("plan: this model takes one --obs");
  planner::PlannerConfig config;
  read_config(layered_config(nlohmann::json::object(), common), "plan",
              [&](Fields& fields) { fields("planner", config, "the search on the world model"); });
  config.validate();
  const Tensor frame = model_picture(options.observed.front(), model.preprocess()),
               wanted = model_picture(options.goal, model.preprocess());
  const ActionSpec& actions = model.action_spec();
  Observation observation;
  observation.frames = frame.unsqueeze(0).unsqueeze(0);
  if (!options.states.empty()) {
    const auto numbers = std::count(options.states.front().begin(), options.states.front().end(), ',') + 1;
    observation.state = torch::tensor(parse_state(options.states.front(), numbers), at::kDouble).view({1, 1, -1});
  }
  const planner::ModelCost asked = planner::model_cost(model, observation, wanted.unsqueeze(0));
  planner::SearchRequest request;
  request.init = at::zeros({1, 0, actions.block_size()}, at::TensorOptions(asked.device).dtype(at::kFloat));
  request.noise =
      planner::draw_noise(common.seed, std::vector<planner::PlanId>{{0, 0}}, config.search, actions.block_size());
  std::tie(request.low, request.high) = planner::normalised_bounds(actions);
  planner::Plan found = planner::make_planner(config)(asked.cost, request);
  const Tensor steps = actions.to_environment(found.blocks[0].cpu());
  return {std::move(found), steps, std::nullopt};
}

int plan(const PlanOptions& options, const CommonOptions& common) {
  std::optional<Output> place;
  if (common.out) {
    std::vector<fs::path> inputs = options.observed;
    inputs.insert(inputs.end(), {options.model, options.goal});
    place.emplace(Output::folder(*common.out, "plan", output_rules(common, inputs)));
  }
  const auto model = load_world_model(options.model, at::Device(resolve_device(common)));
  const auto begin = std::chrono::steady_clock::now();
  const auto* arm = dynamic_cast<const Vjepa2AcWorldModel*>(model.get());
  const bool poses = arm != nullptr && arm->model().config.state_update == StateUpdate::kArmPose;
  const Found found = poses ? plan_for_arm(*arm, options, common) : plan_blocks(*model, options, common);
  const double elapsed_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();

  const auto steps = rows_of(found.actions);
  const double cost = found.plan.cost[0].item<double>();
  nlohmann::ordered_json result{
      {"actions", steps},          {"action_block", model->action_spec().block}, {"cost", cost},
      {"trace", found.plan.trace}, {"iterations", found.plan.iterations},        {"elapsed_ms", elapsed_ms}};
  if (found.poses) result["states"] = rows_of(*found.poses);
  if (place) {
    fs::create_directories(place->staged());
    write_json(place->staged() / "plan.json", result);
    place->commit();
  }
  if (common.json) {
    print_json(result);
    return 0;
  }
  fmt::print("{} actions, cost {:.4g} (best of the first iteration {:.4g}), {:.0f} ms\n", steps.size(), cost,
             found.plan.trace.front(), elapsed_ms);
  for (size_t i = 0; i < steps.size(); ++i) fmt::print("  {:>3}  {:.4f}\n", i + 1, fmt::join(steps[i], "  "));
  return 0;
}

}  // namespace

Run setup_plan(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<PlanOptions>();
  app.add_option("--model", options->model, "Model folder or run, or Meta's V-JEPA 2-AC file")
      ->required()
      ->option_text("PATH");
  app.add_option("--obs", options->observed, "Picture of the present; several: a history, oldest first (vjepa2_ac)")
      ->required()
      ->option_text("IMG...");
  add_overwrite(app, common);
  app.add_option("--goal", options->goal, "Picture of the goal")->required()->option_text("IMG");
  app.add_option("--state", options->states, "The robot's state at each --obs, numbers with commas in between")
      ->delimiter(';')
      ->option_text("X,Y,Z,A,B,C,G...");
  return [options, &common] { return plan(*options, common); };
}

}  // namespace foresee::tools
