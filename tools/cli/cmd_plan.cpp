#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <sstream>

#include "foresee/plan/plan_json.h"
#include "jepa/core/error.h"
#include "tools/cli/command.h"
#include "tools/cli/options/model_options.h"
#include "tools/cli/options/request_flags.h"

namespace foresee::tools {
namespace {

struct PlanOptions {
  std::filesystem::path model, goal;
  std::vector<std::filesystem::path> observed;  // oldest first
  std::vector<std::string> states;              // of each: "x,y,z,a,b,c,g"
  std::vector<std::string> extrinsics;          // of each, or one for all: "x,y,z,a,b,c"
  ReadOptions read;
};

/// "x,y,z,a,b,c,g" -> numbers.
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

int plan(const PlanOptions& options, const CommonOptions& common) {
  PlanRequest request{.model = options.model, .goal = {options.goal}, .out = common.out};
  request.observed.assign(options.observed.begin(), options.observed.end());
  for (const auto& text : options.states) request.states.push_back(parse_numbers("--state", text));
  for (const auto& text : options.extrinsics) request.extrinsics.push_back(parse_numbers("--extrinsics", text));
  request.options = job_options(common);
  request.read = options.read;
  const PlanResult result = plan_once(request, common.control);
  if (common.json) return print_json(to_json(result)), 0;
  const Controller::PlannedActions& found = result.plan;
  fmt::print("{} actions, cost {:.4g} (best of the first iteration {:.4g}), {:.0f} ms\n", found.actions.size(),
             found.cost, found.trace.front(), result.elapsed_ms);
  for (size_t i = 0; i < found.actions.size(); ++i)
    fmt::print("  {:>3}  {:.4f}\n", i + 1, fmt::join(found.actions[i], "  "));
  return 0;
}

}  // namespace

Run setup_plan(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<PlanOptions>();
  const auto add = [&](const char* flag, auto& value, const char* meaning, const char* text) {
    return app.add_option(flag, value, meaning)->option_text(text);
  };
  add("--model", options->model, "Model folder or run, or Meta's V-JEPA 2-AC file", "PATH")->required();
  add("--obs", options->observed, "Picture of the present; several: a history, oldest first (vjepa2_ac)", "IMG...")
      ->required();
  add_overwrite(app, common);
  add("--goal", options->goal, "Picture of the goal", "IMG")->required();
  add("--state", options->states, "The robot's state at each --obs, numbers with commas in between", "X,Y,Z,A,B,C,G...")
      ->delimiter(';');
  add("--extrinsics", options->extrinsics,
      "The camera's pose at each --obs, or one for all, of a model that was trained with it", "X,Y,Z,A,B,C...")
      ->delimiter(';');
  add_vjepa2_options(app, options->read);
  return [options, &common] {
    return naming_flags(
        {{"observed", "--obs IMG"}, {"states", "--state X,Y,..."}, {"extrinsics", "--extrinsics X,Y,..."}},
        [&] { return plan(*options, common); });
  };
}

}  // namespace foresee::tools
