#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "foresee/evaluate.h"
#include "foresee/evaluate/evaluation_json.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "planner/env/env.h"
#include "tools/cli/command.h"
#include "tools/cli/evaluation_output.h"
#include "tools/cli/options/model_options.h"
#include "tools/cli/options/request_flags.h"
#include "tools/cli/options/unused.h"

namespace foresee::tools {
namespace {

/// "push_t.agent_scale=30,40,50": the factor and its values; JSON lists are kept whole:
/// "two_room.agent_color=[9,9,9],[1,2,3]".
FactorSweep parse_sweep(const std::string& vary) {
  const auto equals = vary.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == vary.size())
    fail("eval: expected --vary KEY=VALUE,VALUE..., got '{}'", vary);
  FactorSweep sweep{.key = vary.substr(0, equals)};
  int depth = 0;
  std::string value;
  for (const char c : vary.substr(equals + 1) + ",") {
    if (c == ',' && depth == 0) {
      sweep.values.push_back(std::exchange(value, ""));
      continue;
    }
    depth += (c == '[') - (c == ']');
    value += c;
  }
  return sweep;
}

struct EvalOptions {
  EvaluateRequest request;
  std::vector<std::string> methods;
  std::optional<std::string> vary;
};

/// Says which methods threw. @returns whether one did.
bool report_failures(const EvaluateResult& result) {
  bool failed = false;
  for (const Evaluation& evaluation : result.evaluations)
    for (const MethodScore& method : evaluation.methods) {
      if (method.failure.empty()) continue;
      log_warning("eval: method {} failed: {}", method.method, method.failure);
      failed = true;
    }
  return failed;
}

int eval(const EvalOptions& options, const CommonOptions& common) {
  EvaluateRequest request = options.request;
  request.options = job_options(common);
  request.out = common.out;
  if (!options.methods.empty()) request.methods = options.methods;
  if (options.vary) request.vary = parse_sweep(*options.vary);
  const EvaluateResult result = evaluate(request, common.control);
  if (common.json)
    print_json(evaluation_json(request, result));
  else
    print_evaluation(request, result);
  if (result.offline && result.offline->warning) log_warning("{}", *result.offline->warning);
  const bool failed = report_failures(result);
  if (!result.interrupted) return failed ? 1 : 0;
  log_warning("eval: interrupted; the numbers are those of the episodes that were finished");
  return 1;
}

}  // namespace

Run setup_eval(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<EvalOptions>();
  EvaluateRequest& request = options->request;
  const auto add = [&](const char* flag, auto& value, const std::string& meaning, const char* text) {
    return app.add_option(flag, value, meaning)->option_text(text);
  };
  add("--env", request.env,
      fmt::format("Environment (default two_room): {}; of surprise also scenes", fmt::join(planner::env_names(), ", ")),
      "NAME");
  add("--model", request.model, "Model folder or run, for method planner; of features an encoder, of surprise either",
      "DIR");
  add("--protocol", request.protocol,
      "near (default): goal 25 steps ahead; far: as reset draws it (opposite room); swm: "
      "stable-worldmodel's, on rows of --data; offline: whether plans agree with what --data recorded, no environment; "
      "quality: how "
      "well the model plans, judged on --data alone; features: what probes read from an encoder of video, on generated "
      "clips or those of --data; surprise: whether a model notices what cannot happen",
      "NAME");
  add("--episodes", request.episodes,
      "Starts that are not solved already (default 200); of features, clips to test on (default 20000); of quality, "
      "episodes to read (default 300); of offline, to judge on (default 50); of surprise, pairs of each kind (default "
      "200)",
      "N");
  add("--methods", options->methods,
      "Of planner,random,noop,expert,oracle (default all of these), planner:SOLVER, inverse_dynamics, "
      "nearest_neighbour, cloning; random and noop are always run",
      "LIST")
      ->delimiter(',');
  app.add_flag("--all-baselines", request.all_baselines, "Every method without a search on the model, too");
  app.add_flag("--allow-overlap", request.allow_overlap, "Episodes that the model was trained on are no error");
  add("--data", request.data,
      "Episode file whose held-out episodes hold the starts of near (default: made); of offline and quality, files; of "
      "features, a "
      "list of clips, 'PATH LABEL' in each line; of surprise a list of pairs, 'POSSIBLE IMPOSSIBLE [KIND]'",
      "FILE...");
  add_overwrite(app, common);
  add("--vary", options->vary, "Sweep one factor of variation: push_t.agent_scale=30,40,50", "KEY=V,V");
  app.add_option("--draw", request.draw, "Factor that each start draws: two_room.door_position=30..190");
  app.add_option("--strips", request.strips, "Film strips to write under --out, failures first")->capture_default_str();
  add("--video", request.video,
      "Film (.mp4, .png) of the first trials, failures first: what happened beside what the planner imagined", "FILE");
  add_vjepa2_options(app, request.read);
  return [options, &app, &common] {
    if (!common.out) refuse_given(app, {"--strips"}, "without --out no film strips are written");
    if (!common.out && !options->request.video)
      refuse_given(app, {"--overwrite"}, "without --out and --video nothing is written");
    if (const auto& protocol = options->request.protocol;
        protocol == "offline" || protocol == "features" || protocol == "quality")
      refuse_given(app, {"--strips"}, "no episode is played");
    return naming_flags({{"data", "--data FILE"},
                         {"model", "--model DIR"},
                         {"strips", "--strips N"},
                         {"video", "--video FILE"},
                         {"env", "--env"},
                         {"methods", "--methods"},
                         {"all_baselines", "--all-baselines"},
                         {"allow_overlap", "--allow-overlap"},
                         {"episodes", "--episodes"},
                         {"vary", "--vary"},
                         {"settings", "--config, --set"}},
                        [&] { return eval(*options, common); });
  };
}

}  // namespace foresee::tools
