#include <CLI/CLI.hpp>

#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "planner/eval/evaluate.h"
#include "tools/cli/command.h"
#include "tools/cli/offline_eval.h"

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
  std::vector<std::string> data;
  std::optional<std::string> vary;
};

/// @param variation  "world.KEY=VALUE", or nothing.
EvalConfig resolved_config(const EvalOptions& options, const CommonOptions& common, const std::string& variation) {
  nlohmann::json object = layered_config(nlohmann::json::object(), common);
  if (!options.env.empty()) object["env"] = options.env;
  if (!options.protocol.empty()) object["protocol"] = options.protocol;
  if (options.episodes) object["episodes"] = *options.episodes;
  if (!options.methods.empty()) object["methods"] = options.methods;
  if (options.data.size() > 1) fail("eval: protocol {} takes one --data FILE", object.value("protocol", "near"));
  if (!options.data.empty()) object["data"] = options.data.front();
  if (!variation.empty()) apply_override(object, variation);
  return parse_config<EvalConfig>(object, "eval");
}

/// "push_t.agent_scale=30,40,50": one assignment a value; JSON lists are kept whole:
/// "two_room.agent_color=[9,9,9],[1,2,3]".
std::vector<std::string> variations(const std::string& vary) {
  const auto equals = vary.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == vary.size())
    fail("eval: expected --vary KEY=VALUE,VALUE..., got '{}'", vary);
  const std::string key = "world." + vary.substr(0, equals);
  std::vector<std::string> list;
  int depth = 0;
  std::string value;
  for (const char c : vary.substr(equals + 1) + ",") {
    if (c == ',' && depth == 0) {
      list.push_back(key + "=" + value);
      value.clear();
      continue;
    }
    depth += (c == '[') - (c == ']');
    value += c;
  }
  return list;
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
  if (options.protocol == "offline") return eval_offline(options.model, options.data, common);
  std::optional<Output> place;  // a folder that cannot be written is an error now, not after the episodes
  if (common.out) {
    std::vector<std::filesystem::path> inputs(options.data.begin(), options.data.end());
    inputs.push_back(options.model);
    place.emplace(Output::folder(*common.out, "evaluation", output_rules(common, inputs)));
  }
  const at::Device device(resolve_device(common));
  const auto values = options.vary ? variations(*options.vary) : std::vector<std::string>{""};
  std::vector<EvalConfig> configs;  // all read before the first is run: a mistake shows at once
  for (const auto& value : values) configs.push_back(resolved_config(options, common, value));
  const auto& methods = configs.front().methods;
  const bool plans = std::any_of(methods.begin(), methods.end(), [](const std::string& method) {
    return method == "planner" || method == "inverse_dynamics";
  });
  std::unique_ptr<WorldModel> model;
  if (plans) {
    if (options.model.empty()) fail("eval: --model DIR is missing (or leave out planner: --methods random,oracle)");
    const EvalConfig& config = configs.front();
    model = config.protocol == "swm" ? planner::swm_world_model(options.model, *config.data, device)
                                     : load_world_model(options.model, device);
  }
  if (options.strips < 0) fail("eval: expected --strips 0 or more, got {}", options.strips);
  nlohmann::ordered_json sweep = nlohmann::ordered_json::object();
  bool interrupted = false;
  for (size_t i = 0; i < configs.size() && !interrupted; ++i) {
    const EvalResult result = planner::evaluate(configs[i], common.seed, model.get(), common.control);
    const std::string value = values[i].substr(values[i].find('=') + 1);  // "" without --vary
    if (options.vary)
      sweep[value] = planner::to_json(result);
    else if (common.json)
      print_json(planner::to_json(result));
    if (!common.json) {
      if (options.vary) fmt::print("{}\n", values[i].substr(std::string("world.").size()));
      print_table(result);
    }
    if (place) {
      const auto folder = options.vary ? place->staged() / fmt::format("{:02d}", i) : place->staged();
      planner::save_results(folder, configs[i], result, options.strips);
    }
    interrupted = result.interrupted;
  }
  if (place) {
    place->commit();
    log_info("rows and film strips: {}", place->path().string());
  }
  if (options.vary && common.json)
    print_json({{"env", configs.front().env},
                {"protocol", configs.front().protocol},
                {"vary", options.vary->substr(0, options.vary->find('='))},
                {"values", sweep}});
  if (!interrupted) return 0;
  log_warning("eval: interrupted; the numbers are those of the episodes that were finished");
  return 1;
}

}  // namespace

Run setup_eval(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<EvalOptions>();
  app.add_option("--env", options->env,
                 "Environment (default two_room): two_room, eb_two_room, wall, push_t, reacher, process")
      ->option_text("NAME");
  app.add_option("--model", options->model, "Model folder or run, for method planner")->option_text("DIR");
  app.add_option("--protocol", options->protocol,
                 "near (default): goal 25 steps ahead; far: as reset draws it (opposite room); swm: "
                 "stable-worldmodel's, on rows of --data; offline: prediction and probes on --data, no environment")
      ->option_text("NAME");
  app.add_option("--episodes", options->episodes, "Starts that are not solved already (default 100)")->option_text("N");
  app.add_option("--methods", options->methods,
                 "Of planner,random,noop,expert,oracle (default all of these) and inverse_dynamics")
      ->delimiter(',')
      ->option_text("LIST");
  app.add_option("--data", options->data,
                 "Episode file whose held-out episodes hold the starts of near (default: made); of offline, files")
      ->option_text("FILE...");
  add_overwrite(app, common);
  app.add_option("--vary", options->vary, "Sweep one factor of variation: push_t.agent_scale=30,40,50")
      ->option_text("KEY=V,V");
  app.add_option("--strips", options->strips, "Film strips to write under --out, failures first")
      ->capture_default_str();
  return [options, &common] { return eval(*options, common); };
}

}  // namespace foresee::tools
