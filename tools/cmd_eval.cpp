#include <CLI/CLI.hpp>

#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "planner/eval/evaluate.h"
#include "tools/command.h"

namespace foresee::tools {
namespace {

using planner::EvalConfig, planner::EvalResult;

/// Options of the command; where absent, --config and --set decide.
struct EvalOptions {
  std::string env, protocol;
  std::filesystem::path model;
  std::optional<int64_t> episodes;
  int64_t strips = 12;
  std::vector<std::string> methods;
};

EvalConfig resolved_config(const EvalOptions& options, const CommonOptions& common) {
  nlohmann::json object = layered_config(nlohmann::json::object(), common);
  if (!options.env.empty()) object["env"] = options.env;
  if (!options.protocol.empty()) object["protocol"] = options.protocol;
  if (options.episodes) object["episodes"] = *options.episodes;
  if (!options.methods.empty()) object["methods"] = options.methods;
  return parse_config<EvalConfig>(object, "eval");
}

void print_table(const EvalResult& result) {
  fmt::print("{}, protocol {}, seed {}: {} starts; {} more were solved already and are left out\n", result.env,
             result.protocol, result.seed, result.starts.starts.size(), result.starts.excluded_solved);
  fmt::print("  {:<8}  {:>9}  {:>17}  {:>5}\n", "method", "success", "95 % interval", "n");
  for (const auto& [method, success, episodes] : result.methods)
    fmt::print("  {:<8}  {:>7.1f} %  {:>6.1f} .. {:>5.1f} %  {:>5}\n", method, 100 * success.rate, 100 * success.low,
               100 * success.high, success.n);
  if (result.planning)
    fmt::print("  one plan takes {:.0f} ms (p50), {:.0f} ms (p95)\n", result.planning->p50, result.planning->p95);
}

int eval(const EvalOptions& options, const CommonOptions& common) {
  if (common.device == "cuda") fail("eval: world models are loaded on the CPU; use --device auto or cpu");
  const EvalConfig config = resolved_config(options, common);
  const bool plans = std::find(config.methods.begin(), config.methods.end(), "planner") != config.methods.end();
  std::unique_ptr<WorldModel> model;
  if (plans) {
    if (options.model.empty()) fail("eval: --model DIR is missing (or leave out planner: --methods random,oracle)");
    model = load_world_model(options.model);
  }
  if (options.strips < 0) fail("eval: expected --strips 0 or more, got {}", options.strips);
  // A folder that cannot be made is an error now, not after the episodes.
  if (common.out) std::filesystem::create_directories(*common.out);
  const EvalResult result = planner::evaluate(config, common.seed, model.get());
  if (common.json)
    print_json(planner::to_json(result));
  else
    print_table(result);
  if (common.out) {
    planner::save_results(*common.out, config, result, options.strips);
    log_info("rows and film strips: {}", (*common.out / "results.json").string());
  }
  if (!result.interrupted) return 0;
  log_warning("eval: interrupted; the numbers are those of the episodes that were finished");
  return 1;
}

}  // namespace

Run setup_eval(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<EvalOptions>();
  app.add_option("--env", options->env, "Environment (default two_room)")->option_text("NAME");
  app.add_option("--model", options->model, "Model folder or run, for method planner")->option_text("DIR");
  app.add_option("--protocol", options->protocol, "near (default): goal 25 steps ahead; far: in the opposite room")
      ->option_text("NAME");
  app.add_option("--episodes", options->episodes, "Starts that are not solved already (default 100)")->option_text("N");
  app.add_option("--methods", options->methods, "Of planner,random,noop,expert,oracle (default all)")
      ->delimiter(',')
      ->option_text("LIST");
  app.add_option("--strips", options->strips, "Film strips to write under --out, failures first")
      ->capture_default_str();
  return [options, &common] { return eval(*options, common); };
}

}  // namespace foresee::tools
