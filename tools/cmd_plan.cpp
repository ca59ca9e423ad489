#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <chrono>

#include "data/image/image.h"
#include "data/image/resize.h"
#include "jepa/core/error.h"
#include "jepa/core/file.h"
#include "planner/model_cost.h"
#include "planner/planner.h"
#include "tools/command.h"

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

int plan(const fs::path& folder, const fs::path& observed, const fs::path& goal, const CommonOptions& common) {
  if (common.device == "cuda") fail("plan: world models are loaded on the CPU; use --device auto or cpu");
  planner::PlannerConfig config;
  read_config(layered_config(nlohmann::json::object(), common), "plan",
              [&](Fields& fields) { fields("planner", config, "the search on the world model"); });
  config.validate();
  const auto model = load_world_model(folder);
  const Tensor frame = model_picture(observed, model->preprocess()), wanted = model_picture(goal, model->preprocess());
  const ActionSpec& actions = model->action_spec();

  const auto begin = std::chrono::steady_clock::now();
  Observation observation;
  observation.frames = frame.unsqueeze(0).unsqueeze(0);
  const auto [cost, device] = planner::model_cost(*model, observation, wanted.unsqueeze(0));
  planner::SearchRequest request;
  request.init = at::zeros({1, 0, actions.block_size()}, at::TensorOptions(device).dtype(at::kFloat));
  request.noise =
      planner::draw_noise(common.seed, std::vector<planner::PlanId>{{0, 0}}, config.search, actions.block_size());
  std::tie(request.low, request.high) = planner::normalised_bounds(actions);
  const planner::Plan found = planner::make_planner(config)(cost, request);
  const double elapsed_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();

  const auto steps = rows_of(actions.to_environment(found.blocks[0].cpu()));
  const nlohmann::ordered_json result{
      {"actions", steps},     {"action_block", actions.block},  {"cost", found.cost[0].item<double>()},
      {"trace", found.trace}, {"iterations", found.iterations}, {"elapsed_ms", elapsed_ms}};
  if (common.out) {
    fs::create_directories(*common.out);
    write_json(*common.out / "plan.json", result);
  }
  if (common.json) {
    print_json(result);
    return 0;
  }
  fmt::print("{} actions, cost {:.4g} (best of the first iteration {:.4g}), {:.0f} ms\n", steps.size(),
             found.cost[0].item<double>(), found.trace.front(), elapsed_ms);
  for (size_t i = 0; i < steps.size(); ++i) fmt::print("  {:>3}  {:.4f}\n", i + 1, fmt::join(steps[i], "  "));
  return 0;
}

}  // namespace

Run setup_plan(CLI::App& app, CommonOptions& common) {
  struct Options {
    fs::path model, observed, goal;
  };
  auto options = std::make_shared<Options>();
  app.add_option("--model", options->model, "Model folder or run")->required()->option_text("DIR");
  app.add_option("--obs", options->observed, "Picture of the present")->required()->option_text("IMG");
  app.add_option("--goal", options->goal, "Picture of the goal")->required()->option_text("IMG");
  return [options, &common] { return plan(options->model, options->observed, options->goal, common); };
}

}  // namespace foresee::tools
