#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <sstream>

#include "foresee/plan/plan_json.h"
#include "jepa/core/error.h"
#include "tools/cli/command.h"
#include "tools/cli/options/model_options.h"
#include "tools/cli/options/request_flags.h"
#include "tools/cli/options/unused.h"
#include "tools/start/streams.h"

namespace foresee::tools {
namespace {

struct PlanOptions {
  std::filesystem::path model;
  std::vector<std::filesystem::path> observed, goal;  // oldest first, of each camera; of each camera
  std::vector<std::string> states, executed;          // of each moment: "x,y,z,a,b,c,g"; of each step: "x,y"
  std::string goal_state;
  std::vector<std::filesystem::path> data;
  std::optional<std::filesystem::path> imagine;
  std::vector<std::string> extrinsics;  // of each moment, or one for all: "x,y,z,a,b,c"
  ReadOptions read;
};

/// "x,y,z,a,b,c,g" -> numbers. @param flag  for the message.
std::vector<double> parse_numbers(const char* flag, const std::string& text) {
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
      fail("{} {}: '{}' is no number", flag, text, part);
  }
  return numbers;
}

void print_scale(const PlanScale& scale) {
  const auto line = [](const char* what, const Spread& spread) {
    print_line("  {:<34} {:.4g} .. {:.4g} .. {:.4g}", what, spread.low, spread.middle, spread.high);
  };
  print_line("beside {} recorded sequences as long (5 % .. half .. 95 %):", scale.sequences);
  line("what was done costs", scale.recorded);
  line("doing nothing costs", scale.nothing);
  print_line("  {:.0f} % of what was done is cheaper than this plan", 100 * scale.share_below_plan);
  line("goals lie from other pictures", scale.distances);
  print_line("  this goal {:.4g}, what is seen now {:.4g}", scale.goal_distance, scale.present_distance);
  if (scale.goal_is_strange) print_line("  the goal is not like anything in these episodes");
  if (scale.present_is_strange) print_line("  what is seen now is not like anything in these episodes");
}

void print_imagination(const PlanImagination& film) {
  print_line("imagined, beside the nearest of {}: {}", film.frames, film.file.string());
  print_line("  after each block {:.3f} from it; seen now {:.3f}, goal {:.3f}; real frames one block apart {:.3f}",
             fmt::join(film.distances, ", "), film.present_distance, film.goal_distance, film.step);
  if (!film.decoder) print_line("  this model has no picture decoder (foresee train --family lewm_heads fits one)");
}

int plan(const PlanOptions& options, const CommonOptions& common) {
  PlanRequest request{.model = options.model, .data = options.data, .out = common.out, .imagine = options.imagine};
  request.observed.assign(options.observed.begin(), options.observed.end());
  request.goal.assign(options.goal.begin(), options.goal.end());
  for (const auto& text : options.states) request.states.push_back(parse_numbers("--state", text));
  for (const auto& text : options.executed) request.executed.push_back(parse_numbers("--executed", text));
  for (const auto& text : options.extrinsics) request.extrinsics.push_back(parse_numbers("--extrinsics", text));
  if (!options.goal_state.empty()) request.goal_state = parse_numbers("--goal-state", options.goal_state);
  request.options = job_options(common);
  request.read = options.read;
  const PlanResult result = plan_once(request, common.control);
  if (common.json) return print_json(to_json(result)), 0;
  const Controller::PlannedActions& found = result.plan;
  print_line("{} actions, cost {:.4g} (best of the first iteration {:.4g}), {:.0f} ms", found.actions.size(),
             found.cost, found.trace.front(), result.elapsed_ms);
  for (size_t i = 0; i < found.actions.size(); ++i)
    print_line("  {:>3}  {:.4f}", i + 1, fmt::join(found.actions[i], "  "));
  print_line("doing nothing costs {:.4g}, and {:.4g} where the goal is seen already", found.cost_of_nothing.value_or(0),
             found.cost_at_goal.value_or(0));
  if (result.scale) print_scale(*result.scale);
  if (result.imagination) print_imagination(*result.imagination);
  return 0;
}

}  // namespace

Run setup_plan(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<PlanOptions>();
  const auto add = [&](const char* flag, auto& value, const char* meaning, const char* text) {
    return app.add_option(flag, value, meaning)->option_text(text);
  };
  add("--model", options->model, "Model folder or run, or Meta's V-JEPA 2-AC file", "PATH")->required();
  add("--obs", options->observed,
      "Picture of the present, one of each camera; several moments: a history, oldest first", "IMG...")
      ->required();
  add_overwrite(app, common);
  add("--goal", options->goal, "Picture of the goal, one of each camera", "IMG...")->required();
  add("--state", options->states, "The robot's state at each --obs, numbers with commas in between", "X,Y,Z,A,B,C,G...")
      ->delimiter(';');
  add("--goal-state", options->goal_state, "The robot's state at the goal, where the model wants it", "X,Y,...");
  add("--executed", options->executed, "The actions between the moments of a history, oldest first", "X,Y,...")
      ->delimiter(';');
  add("--data", options->data, "Recorded episodes that the plan is judged by, and whose frames --imagine shows",
      "SET...");
  add("--imagine", options->imagine, "Film strip (.png) or video (.mp4) of what the model imagines", "FILE");
  add("--extrinsics", options->extrinsics,
      "The camera's pose at each moment, or one for all, of a model that was trained with it", "X,Y,Z,A,B,C...")
      ->delimiter(';');
  add_vjepa2_options(app, options->read);
  return [options, &app, &common] {
    if (!common.out && !options->imagine)
      refuse_given(app, {"--overwrite"}, "without --out and --imagine nothing is written");
    return naming_flags({{"observed", "--obs IMG"},
                         {"goal", "--goal IMG"},
                         {"states", "--state X,Y,.."},
                         {"goal_state", "--goal-state X,Y,.."},
                         {"extrinsics", "--extrinsics X,Y,..."},
                         {"data", "--data SET"},
                         {"imagine", "--imagine FILE"},
                         {"executed", "--executed 'X,Y,..;X,Y,..'"}},
                        [&] { return plan(*options, common); });
  };
}

}  // namespace foresee::tools
