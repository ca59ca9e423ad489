#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <sstream>

#include "data/picture/image.h"
#include "foresee/controller.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "tools/cli/command.h"

namespace foresee::tools {
namespace {

namespace fs = std::filesystem;

struct PlanOptions {
  fs::path model, goal;
  std::vector<fs::path> observed;   // oldest first
  std::vector<std::string> states;  // of each: "x,y,z,a,b,c,g"
};

/// A picture file in memory.
struct Picture {
  explicit Picture(const fs::path& path) : rows(data::read_image(path).permute({1, 2, 0}).contiguous()) {}
  PictureView view() const { return {rows.const_data_ptr<uint8_t>(), rows.size(0), rows.size(1)}; }
  Tensor rows;  // uint8 [H, W, 3]
};

/// "x,y,z,a,b,c,g" -> numbers. @throws Error unless they are as many as the model takes.
std::vector<double> parse_state(const std::string& text, const Controller::StateInfo& state) {
  std::vector<double> numbers;
  std::stringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    size_t used = 0;
    try {
      numbers.push_back(std::stod(part, &used));
    } catch (const std::exception&) {
      used = 0;
    }
    if (used == 0 || part.find_first_not_of(' ', used) != std::string::npos)
      fail("--state {}: '{}' is no number", text, part);
  }
  if (static_cast<int64_t>(numbers.size()) != state.size)
    fail("--state {}: expected {} numbers ({}), got {}", text, state.size, state.meaning, numbers.size());
  return numbers;
}

/// The robot's state at every picture. @throws Error where the model takes none, or more.
std::vector<std::vector<double>> parse_states(const PlanOptions& options, const Controller::StateInfo& state) {
  const size_t pictures = options.observed.size();
  if (state.size == 0) {
    if (!options.states.empty()) fail("--state: this model takes no state of the robot; leave it out");
    if (pictures != 1) fail("plan: this model takes one --obs");
    return {{}};
  }
  if (options.states.empty())
    fail("this model takes the robot's own state: expected --state with {} numbers ({})", state.size, state.meaning);
  if (options.states.size() != pictures)
    fail("expected a --state for each --obs, got {} for {} pictures", options.states.size(), pictures);
  std::vector<std::vector<double>> states;
  for (const auto& text : options.states) states.push_back(parse_state(text, state));
  return states;
}

/// The keys of the command. Where they say nothing of a history, plans look at all pictures.
Settings settings_of(const PlanOptions& options, const CommonOptions& common) {
  Settings settings{.config = common.config, .set = common.set};
  if (!layered_config(nlohmann::json::object(), common).contains("history"))
    settings.set.push_back(fmt::format("history={}", options.observed.size()));
  return settings;
}

int plan(const PlanOptions& options, const CommonOptions& common) {
  std::optional<Output> place;
  if (common.out) {
    std::vector<fs::path> inputs = options.observed;
    inputs.insert(inputs.end(), {options.model, options.goal});
    place.emplace(Output::folder(*common.out, "plan", output_rules(common, inputs)));
  }
  Controller controller({.model = options.model,
                         .device = resolve_device(common) == "cuda" ? Device::kCuda : Device::kCpu,
                         .seed = common.seed,
                         .settings = settings_of(options, common),
                         .job = common.control});
  const auto begin = std::chrono::steady_clock::now();
  const auto states = parse_states(options, controller.state());
  std::vector<Picture> pictures;
  for (const auto& path : options.observed) {
    pictures.emplace_back(path);
    if (pictures.back().rows.sizes() != pictures.front().rows.sizes())
      fail<DataError>("{}: expected a picture of the first one's size, got {}", path.string(),
                      foresee::describe(pictures.back().rows));
  }
  const Picture goal(options.goal);
  log_info("encoding {} pictures", pictures.size() + 1);
  controller.set_goal({.pictures = {goal.view()}});
  for (size_t i = 0; i < pictures.size(); ++i) {
    const Controller::Observation seen{.pictures = {pictures[i].view()}, .state = states[i]};
    if (i + 1 < pictures.size())
      controller.look_back(seen);
    else
      controller.act(seen);
  }
  const Controller::PlannedActions found = controller.last_plan();
  const double elapsed_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();

  const auto& steps = found.actions;
  nlohmann::ordered_json result{{"actions", steps},     {"action_block", found.block},    {"cost", found.cost},
                                {"trace", found.trace}, {"iterations", found.iterations}, {"elapsed_ms", elapsed_ms}};
  if (!found.states.empty()) result["states"] = found.states;
  if (place) {
    fs::create_directories(place->staged());
    write_json(place->staged() / "plan.json", result);
    place->commit();
  }
  if (common.json) {
    print_json(result);
    return 0;
  }
  fmt::print("{} actions, cost {:.4g} (best of the first iteration {:.4g}), {:.0f} ms\n", steps.size(), found.cost,
             found.trace.front(), elapsed_ms);
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
