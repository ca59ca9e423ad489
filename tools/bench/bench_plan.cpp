#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <type_traits>

#include "foresee/control/controller_config.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/model/family/family.h"
#include "jepa/model/lewm/world_model.h"
#include "jepa/train/lewm/recipe.h"
#include "planner/control/controller.h"
#include "tools/bench/bench.h"
#include "tools/bench/busy_process.h"

namespace foresee::tools {
namespace {

using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

/// A world model that takes the time of what is asked of it. A late search asks from another thread.
class TimedModel final : public WorldModel {
 public:
  explicit TimedModel(const WorldModel& model) : model_(model) {}

  const ActionSpec& action_spec() const override { return model_.action_spec(); }
  const Preprocess& preprocess() const override { return model_.preprocess(); }
  StateSpec state_spec() const override { return model_.state_spec(); }
  std::unique_ptr<Context> encode(const Observation& seen) const override {
    return timed([&] { return model_.encode(seen); });
  }
  Tensor encode_goal(const Goal& goal) const override {
    return timed([&] { return model_.encode_goal(goal); });
  }
  Tensor costs(const Context& context, const Tensor& goal, const Tensor& actions, Objective objective) const override {
    blocks_ += actions.size(0) * actions.size(1) * actions.size(2);
    return timed([&] { return model_.costs(context, goal, actions, objective); });
  }
  Tensor rollout(const Context& context, const Tensor& actions) const override {
    return model_.rollout(context, actions);
  }
  Tensor states(const Context& context, const Tensor& actions) const override {
    return timed([&] { return model_.states(context, actions); });
  }
  std::vector<Objective> objectives() const override { return model_.objectives(); }
  bool proposes() const override { return model_.proposes(); }
  Tensor propose(const Context& context, const Tensor& goal, int64_t horizon) const override {
    return timed([&] { return model_.propose(context, goal, horizon); });
  }

  double ms() const { return static_cast<double>(ns_) * 1e-6; }
  int64_t blocks() const { return blocks_; }

 private:
  template <typename Work>
  std::invoke_result_t<Work> timed(const Work& work) const {
    const auto begin = Clock::now();
    auto result = work();
    ns_ += std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count();
    return result;
  }

  const WorldModel& model_;
  mutable std::atomic<int64_t> ns_ = 0, blocks_ = 0;
};

std::unique_ptr<WorldModel> model_of(const PlanBench& bench) {
  const at::Device device(bench.device);
  if (!bench.model.empty())
    return load_world_model(bench.model, WorldModelOptions{.device = device, .read = bench.read});
  const LewmRecipe recipe = lewm_recipe(bench.preset);
  Lewm model(recipe.model);
  initialise(model, bench.seed);
  model->to(device);
  Preprocess preprocess;
  preprocess.size = recipe.model.vit.image_size;
  // As much as the published models' action blocks hold: two numbers, five times.
  const int64_t block = recipe.frameskip, size = recipe.model.action_block / block;
  const ActionSpec actions{.size = size, .block = block, .low = {}, .high = {}, .mean = {}, .std = {}};
  return std::make_unique<LewmWorldModel>(std::move(model), actions, preprocess);
}

planner::Sight random_sight(const WorldModel& model, uint64_t seed, uint64_t number) {
  const int64_t size = model.picture_spec().size;
  const StateSpec state = model.state_spec();
  planner::Sight sight;
  sight.picture = Random(seed, Stream::kTest, number).uniform_tensor({3, size, size}).mul_(256).to(at::kByte);
  sight.state.resize(static_cast<size_t>(state.size));
  sight.extrinsics.resize(static_cast<size_t>(state.extrinsics));
  return sight;
}

}  // namespace

ordered_json bench_plan(const PlanBench& bench) {
  const auto loaded = model_of(bench);
  const TimedModel model(*loaded);
  const bool arm = model.state_spec().kind == StateSpec::Kind::kArmPose;
  const ControllerConfig config = read_controller_config(bench.settings, arm);
  planner::ControlCore core(model, config.control, {.arm = config.arm, .seed = bench.seed});
  const planner::Sight goal = random_sight(model, bench.seed, 0);
  core.set_goal(0, goal.picture, model.state_spec().of_goal ? goal.state : std::vector<double>());

  std::deque<BusyProcess> others;
  for (int64_t i = 0; i < bench.busy; ++i) others.emplace_back();
  const int64_t only = 0;
  std::vector<double> seconds, iterations;
  int64_t fallbacks = 0, misses = 0;
  double model_ms = 0, blocks = 0;
  const double deadline_ms = config.control.deadline_ms;
  for (int64_t plan = 0, number = 1; plan < bench.warmup + bench.plans; ++number) {
    const planner::Sight seen = random_sight(model, bench.seed, static_cast<uint64_t>(number));
    const double model_before = model.ms();
    const int64_t blocks_before = model.blocks();
    const auto begin = Clock::now();
    const auto action = core.act({&seen, 1}, {&only, 1}).front();
    const double took = ms_since(begin);
    if (action.source == planner::ActionSource::kQueue || plan++ < bench.warmup) continue;
    const bool late = action.source == planner::ActionSource::kFallback;
    seconds.push_back(took / 1000);
    iterations.push_back(late ? 0 : static_cast<double>(core.last_plan(0).iterations));
    fallbacks += late ? 1 : 0;
    misses += deadline_ms > 0 && took > deadline_ms + 1 ? 1 : 0;
    model_ms += model.ms() - model_before;
    blocks += static_cast<double>(model.blocks() - blocks_before);
  }
  double total_ms = 0;
  for (const double one : seconds) total_ms += 1000 * one;
  std::nth_element(iterations.begin(), iterations.begin() + static_cast<int64_t>(iterations.size()) / 2,
                   iterations.end());
  const auto plans = static_cast<double>(bench.plans);
  const planner::SearchConfig& search = config.control.planner.planner.search;
  ordered_json out = percentiles_ms(seconds);
  ordered_json result{{"model", bench.model.empty() ? bench.preset + ", random weights" : bench.model.string()},
                      {"device", bench.device},
                      {"threads", at::get_num_threads()},
                      {"busy_processes", bench.busy},
                      {"solver", name_of(config.control.planner.planner.solver)},
                      {"samples", search.samples},
                      {"iterations", search.iterations},
                      {"horizon", search.horizon},
                      {"plans", bench.plans},
                      {"p50_ms", out["p50"]},
                      {"p95_ms", out["p95"]},
                      {"p99_ms", out["p99"]},
                      {"candidate_steps_per_s", blocks / total_ms * 1000},
                      {"overhead_ms", (total_ms - model_ms) / plans},
                      {"overhead_share", (total_ms - model_ms) / total_ms},
                      {"median_iterations", iterations[iterations.size() / 2]}};
  if (deadline_ms > 0) {
    result["deadline_ms"] = deadline_ms;
    result["misses"] = misses;  // answers later than the deadline and 1 ms
    result["fallbacks"] = fallbacks;
  }
  return result;
}

}  // namespace foresee::tools
