#include "planner/eval/evaluate.h"

#include <algorithm>
#include <set>

#include "jepa/core/api/request_error.h"
#include "jepa/core/error.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/statistics/samples.h"
#include "jepa/core/watch/progress.h"
#include "planner/eval/baselines/nearest_neighbour.h"
#include "planner/eval/methods.h"

namespace foresee::planner {
namespace {

const std::vector<std::string> kMethods{"planner",           "random", "noop", "expert", "oracle", "inverse_dynamics",
                                        "nearest_neighbour", "cloning"};

constexpr std::string_view kPlannerOf = "planner:";  // before the name of a solver

bool plans(const std::string& method) { return method == "planner" || method.starts_with(kPlannerOf); }

/// The training episodes that methods without a world model know; made for the first of them.
class Recorded {
 public:
  std::shared_ptr<const PictureBank> bank(const EvalConfig& config, uint64_t seed, const JobControl& control) {
    if (!bank_) bank_ = std::make_shared<PictureBank>(make(config, seed, control));
    return bank_;
  }

 private:
  static PictureBank make(const EvalConfig& config, uint64_t seed, const JobControl& control) {
    if (config.data)
      return picture_bank(data::EpisodeDataset({*config.data}, /*cache_bytes=*/0), *config.data, control);
    constexpr uint64_t kEpisodes = 200;  // of which the held-out ones are not made
    CollectConfig collect = usual_collection(config.env, config.variation);
    collect.seed = seed;
    collect.draw = config.draw;
    std::vector<uint64_t> ids;
    for (uint64_t id = 0; id < kEpisodes; ++id)
      if (!data::held_out(id)) ids.push_back(id);
    auto made = generate_episodes(collect, ids, "episodes", control);
    if (made.empty()) fail<Interrupted>("eval: interrupted");
    const std::string origin = fmt::format("those that policy {} makes of seed {}", collect.policy, seed);
    return picture_bank(data::EpisodeDataset(std::move(made)), origin, control);
  }
  std::shared_ptr<const PictureBank> bank_;
};

/// All that methods share.
struct Setting {
  uint64_t seed;
  const WorldModel* model;
  const Env& env;
  const std::vector<Start>& starts;
  const EvalParts& parts;
  const JobControl& control;
};

/// Makes the method. Those that learn show progress of their own.
MethodFactory factory_of(const std::string& method, const EvalConfig& config, const Setting& s, Recorded& recorded) {
  if (method == "nearest_neighbour")
    return nearest_neighbour_method(recorded.bank(config, s.seed, s.control), config.step_budget(), s.starts);
  if (method == "cloning") {
    const int64_t farthest = config.protocol == Protocol::kFar ? config.step_budget() : config.goal_offset;
    return cloning_method(s.parts.fit_cloning(*recorded.bank(config, s.seed, s.control), farthest, s.seed, s.control));
  }
  if (plans(method) || method == "inverse_dynamics")
    return model_method(*s.model, config, s.seed, /*search=*/plans(method), s.starts, s.control.stop);
  if (method == "oracle") return oracle_method(config.oracle, config.oracle_block, s.seed);
  return policy_method(config.variation.environment(config.env), method, s.seed);
}

MethodResult run_method(const std::string& method, const EvalConfig& config, const Setting& s, Recorded& recorded) {
  const MethodFactory factory = factory_of(method, config, s, recorded);
  Progress bar(s.control, method, static_cast<int64_t>(s.starts.size()), "episodes");
  RunOptions options{.budget = config.step_budget()};
  options.stop = s.control.stop;
  options.progress = [&](int64_t done, int64_t successes, int64_t step) {
    bar.update(done, step == 0 ? fmt::format("{} succeeded", successes)
                               : fmt::format("{} succeeded, step {} of {}", successes, step, options.budget));
  };
  if (plans(method) || method == "inverse_dynamics")
    options.group = config.batch;
  else
    options.parallel_groups = true;
  if (TrialJournal* const journal = s.parts.journal) {
    options.known = [=](int64_t first) { return journal->find(method, first); };
    options.played = [=](int64_t first, const std::vector<Trial>& trials) { journal->add(method, first, trials); };
  }
  MethodResult result{.method = method};
  result.trials = run_trials(s.env, s.starts, factory, options);
  bar.finish();
  const auto successes =
      std::count_if(result.trials.begin(), result.trials.end(), [](const Trial& e) { return e.success; });
  result.success = success_rate(successes, static_cast<int64_t>(result.trials.size()));
  return result;
}

/// How many of the starts' episodes the model knows; nothing where the starts lie on none.
std::optional<Overlap> overlap_of(const std::vector<Start>& starts, const data::TrainedEpisodes& trained) {
  std::set<std::pair<uint64_t, uint64_t>> seen;
  Overlap found{.known = trained.known()};
  for (const Start& start : starts) {
    if (!start.content || !seen.emplace(start.content->actions, start.content->picture.value_or(0)).second) continue;
    ++found.episodes;
    found.trained += trained.hold(*start.content);
  }
  return found.episodes > 0 ? std::optional(found) : std::nullopt;
}

void refuse_overlap(const Overlap& overlap) {
  if (overlap.trained > 0)
    fail<DataError>(
        "eval: the model was trained on {} of the {} episodes that the starts lie on: other data, another seed, or "
        "--allow-overlap (key allow_overlap), which every output will say",
        overlap.trained, overlap.episodes);
}

bool asked(const EvalConfig& config, const char* method) {
  return std::find(config.methods.begin(), config.methods.end(), method) != config.methods.end();
}

/// Those that are asked for, the floors, and all baselines where they are wanted. @param model  may be null.
std::vector<std::string> methods_of(const EvalConfig& config, const WorldModel* model) {
  std::vector<std::string> methods = config.methods;
  for (const auto& method : kMethods) {
    const bool floor = method == "random" || method == "noop";
    const bool runs = method != "planner" && (method != "inverse_dynamics" || (model != nullptr && model->proposes()));
    if (((floor && config.floors) || (config.all_baselines && runs)) && !asked(config, method.c_str()))
      methods.push_back(method);
  }
  return methods;
}

StartSet starts(const EvalConfig& config, uint64_t seed, const Env& env, const WorldModel* model,
                const JobControl& control) {
  if (config.protocol == Protocol::kSwm)
    return swm_starts(data::EpisodeDataset({*config.data}, /*cache_bytes=*/0), env,
                      config.variation.environment(config.env), config.swm, seed, config.episodes, config.goal_offset,
                      model == nullptr ? std::nullopt : std::optional<int64_t>(model->picture_spec().size));
  if (config.protocol == Protocol::kFar)
    return far_starts(config.env, config.variation, seed, config.episodes, config.draw);
  CollectConfig collect = usual_collection(config.env, config.variation);
  collect.seed = seed;
  collect.draw = config.draw;
  if (config.data && model != nullptr)
    data::require_actions_fit(model->action_spec(), data::EpisodeDataset({*config.data}, /*cache_bytes=*/0),
                              "the model");
  return config.data ? near_starts(collect, *config.data, config.episodes, config.goal_offset)
                     : near_starts(collect, config.episodes, config.goal_offset, control);
}

}  // namespace

void EvalConfig::validate() const {
  planner.validate();
  oracle.validate();
  if (protocol == Protocol::kSwm && !data)
    fail<ConfigError>("eval: protocol swm needs the episode file whose rows are its starts: key data");
  const auto& protocols = variation.environment(env).protocols;
  if (std::find(protocols.begin(), protocols.end(), protocol) == protocols.end()) {
    std::vector<std::string> known;
    for (const Protocol one : protocols) known.push_back(name_of(one));
    fail<ConfigError>("eval: environment {} has no protocol {}{}", env, name_of(protocol), suggestion("", known));
  }
  check_draw(draw, env, variation);
  if (!draw.empty() && (data || protocol == Protocol::kSwm))
    fail<ConfigError>(
        "eval: starts that come from data have the factors of their episodes: leave 'draw' or 'data' out");
  for (const auto& text : trained) parse_factor_spec(text, "eval: trained");
  if (methods.empty()) fail<ConfigError>("eval: no method to evaluate{}", suggestion("", kMethods));
  for (const auto& method : methods) {
    if (method.starts_with(kPlannerOf))
      method_config(method, *this).planner.validate();
    else if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end())
      fail<ConfigError>("eval: unknown method '{}'{}", method, suggestion(method, kMethods));
    if (std::count(methods.begin(), methods.end(), method) > 1)
      fail<ConfigError>("eval: method '{}' is listed twice", method);
  }
}

int64_t EvalConfig::step_budget() const { return budget.value_or(protocol == Protocol::kFar ? 100 : 50); }

void describe(Fields& f, EvalConfig& c) {
  const auto names = names_of(c.variation.environments());
  const std::vector<std::string_view> envs(names.begin(), names.end());
  f.choice("env", c.env, envs, "environment");
  f.choice("protocol", c.protocol, kProtocolNames,
           "near: goal goal_offset steps ahead on a held-out expert episode; "
           "far: start and goal as reset draws them (two_room: in opposite rooms); "
           "swm: stable-worldmodel's evaluation on the rows of data, trained and solved ones too");
  f("swm", c.swm, "protocol swm");
  f("data", c.data, "episode file whose held-out episodes hold the starts of near; by default they are generated");
  f("world", c.variation, "factors of variation of each environment");
  f("draw", c.draw, "factors that every start draws for itself: two_room.door_position=30..190");
  f("trained", c.trained, "factors that the model was trained on, where its folder does not say: written as draw");
  f("episodes", c.episodes, "starts that are not solved already", {1, 1e6});
  f("methods", c.methods,
    "planner or planner:SOLVER, inverse_dynamics (a model with that head), random, noop, expert, oracle, "
    "nearest_neighbour, cloning");
  f("floors", c.floors, "run random and noop, whatever methods says");
  f("allow_overlap", c.allow_overlap, "starts may lie on episodes that the model was trained on; every output says so");
  f("all_baselines", c.all_baselines, "run every method without a search on the model that can be run");
  f("goal_offset", c.goal_offset, "steps from start to goal (protocol near)", {1, 1e6});
  f("budget", c.budget, "environment steps an episode; by default near 50, far 100", {1, 1e6});
  f("batch", c.batch, "environments whose plans are searched together", {1, 65536});
  describe(f, static_cast<ControlConfig&>(c));
  f("oracle_block", c.oracle_block, "environment steps an action block of the oracle", {1, 10000});
  f("oracle", c.oracle, "the search on the true simulator");
}

std::optional<double> MethodResult::steps_to_success() const {
  std::vector<double> steps;
  for (const Trial& trial : trials)
    if (trial.success) steps.push_back(static_cast<double>(trial.steps));
  return steps.empty() ? std::nullopt : std::optional(quantile(steps, 0.5));
}

std::vector<double> MethodResult::mean_distance() const {
  size_t longest = 0;
  for (const Trial& trial : trials) longest = std::max(longest, trial.distances.size());
  std::vector<double> mean(longest, 0.0);
  for (const Trial& trial : trials)
    for (size_t step = 0; step < longest; ++step)
      mean[step] += trial.distances[std::min(step, trial.distances.size() - 1)] / static_cast<double>(trials.size());
  return mean;
}

const MethodResult* EvalResult::find(const std::string& method) const {
  const auto found =
      std::find_if(methods.begin(), methods.end(), [&](const MethodResult& m) { return m.method == method; });
  return found == methods.end() ? nullptr : &*found;
}

const MethodResult* EvalResult::planner() const {
  const auto found =
      std::find_if(methods.begin(), methods.end(), [](const MethodResult& m) { return plans(m.method); });
  return found == methods.end() ? nullptr : &*found;
}

EvalConfig method_config(const std::string& method, const EvalConfig& config) {
  EvalConfig own = config;
  if (method.starts_with(kPlannerOf)) own.planner.planner.solver = solver_of(method.substr(kPlannerOf.size()));
  return own;
}

bool needs_model(const EvalConfig& config) {
  return std::any_of(config.methods.begin(), config.methods.end(), plans) || asked(config, "inverse_dynamics");
}

EvalResult evaluate(const EvalConfig& config, uint64_t seed, const WorldModel* model, const JobControl& control,
                    const EvalParts& parts) {
  config.validate();
  FORESEE_CHECK(parts.fit_cloning || !(config.all_baselines || asked(config, "cloning")),
                "method cloning needs its fitter");
  const auto env = make_env(config.env, config.variation);
  if (needs_model(config)) {
    const bool follows = asked(config, "inverse_dynamics");
    if (model == nullptr)
      throw RequestError("model", fmt::format("eval: method {} needs a model",
                                              asked(config, "inverse_dynamics") ? "inverse_dynamics" : "planner"));
    require_objective(*model, config.objective);  // a mistake shows before the starts are made
    const int64_t wanted = env->action_spec().size, got = model->action_spec().size;
    if (wanted != got) fail("eval: {} takes actions of {} numbers, the model plans {}", config.env, wanted, got);
    if ((follows || config.begin == Begin::kProposal) && !model->proposes())
      fail("eval: {} needs a model with an inverse-dynamics head; train heads for it (family lewm_heads)",
           follows ? "method inverse_dynamics" : "begin=proposal");
  }

  EvalResult result{.env = config.env, .protocol = config.protocol, .seed = seed};
  result.starts = starts(config, seed, *env, model, control);
  if (model != nullptr && needs_model(config)) result.overlap = overlap_of(result.starts.starts, parts.trained);
  if (result.overlap && !config.allow_overlap) refuse_overlap(*result.overlap);
  const Setting setting{seed, model, *env, result.starts.starts, parts, control};
  Recorded recorded;
  for (const auto& method : methods_of(config, model)) {
    if (control.stopping()) break;
    try {
      result.methods.push_back(run_method(method, method_config(method, config), setting, recorded));
    } catch (const Interrupted&) {
      break;  // while it learned: it has no episodes
    } catch (const Error& error) {
      if (control.stopping()) break;
      result.methods.push_back({.method = method, .failure = error.what()});
    }
  }
  result.interrupted = control.stopping();

  std::vector<double> times;
  if (const auto* planner = result.planner())
    for (const Trial& trial : planner->trials)
      times.insert(times.end(), trial.planning_ms.begin(), trial.planning_ms.end());
  if (!times.empty())
    result.planning = PlanningTime{quantile(times, 0.5), quantile(times, 0.95), quantile(times, 0.99)};
  return result;
}

}  // namespace foresee::planner
