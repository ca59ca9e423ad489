#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <numeric>
#include <optional>

#include "foresee/control/controller_config.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/model/family/family.h"
#include "jepa/model/lewm/world_model.h"
#include "jepa/train/lewm/recipe.h"
#include "planner/control/controller.h"
#include "tools/bench/allocations.h"
#include "tools/bench/bench.h"
#include "tools/bench/busy_process.h"
#include "tools/bench/predictor_work.h"
#include "tools/bench/timed_model.h"

namespace foresee::tools {
namespace {

using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

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

/// The predictor whose work is known: a LeWM's that goes block after block. @returns null for others.
const LewmConfig* predictor_of(const WorldModel& model) {
  const auto* lewm = dynamic_cast<const LewmWorldModel*>(&model);
  if (lewm == nullptr || lewm->model()->config.predictor.kind != LewmPredictorKind::kRecursive) return nullptr;
  return &lewm->model()->config;
}

/// What the plans of a benchmark took.
struct Totals {
  std::vector<double> seconds, iterations;  // of every call that searched
  int64_t fallbacks = 0, misses = 0;
  double model_ms = 0, blocks = 0, flops = 0;
  std::optional<int64_t> allocations;  // of all plans that are no first one; unknown: none such, or not counted here
  int64_t counted = 0;                 // those plans

  double total_ms() const { return 1000 * std::accumulate(seconds.begin(), seconds.end(), 0.0); }
  double median_iterations() const {
    std::vector<double> sorted = iterations;
    std::sort(sorted.begin(), sorted.end());
    return sorted.empty() ? 0 : sorted[sorted.size() / 2];
  }
};

/// The controller and the pictures of `batch` problems.
class Bench {
 public:
  Bench(const PlanBench& bench, const ControllerConfig& config, const TimedModel& model)
      : bench_(bench),
        model_(model),
        core_(model, config.control, {.arm = config.arm, .seed = bench.seed, .problems = bench.batch}),
        deadline_ms_(config.control.deadline_ms) {
    for (int64_t i = 0; i < bench.batch; ++i) {
      const planner::Sight goal = sight(0, i);
      core_.set_goal(i, goal.picture, model.state_spec().of_goal ? goal.state : std::vector<double>());
      problems_.push_back(i);
    }
  }

  Totals run() {
    Totals totals;
    for (int64_t plan = 0, step = 1; plan < bench_.warmup + bench_.plans; ++step)
      plan += act(step, plan, totals) ? 1 : 0;
    return totals;
  }

 private:
  planner::Sight sight(int64_t step, int64_t problem) const {
    return random_sight(model_, bench_.seed, static_cast<uint64_t>(step * bench_.batch + problem));
  }

  /// One step of all problems. @returns whether it searched.
  bool act(int64_t step, int64_t plan, Totals& totals) {
    std::vector<planner::Sight> seen;
    for (const int64_t problem : problems_) seen.push_back(sight(step, problem));
    const double model_before = model_.ms(), flops_before = model_.flops();
    const int64_t blocks_before = model_.blocks();
    const AllocationCount allocations;
    const auto begin = Clock::now();
    const auto action = core_.act(seen, problems_).front();
    const double took = ms_since(begin);
    const auto calls = allocations.calls();
    if (action.source == planner::ActionSource::kQueue) return false;
    if (plan > 0 && plan >= bench_.warmup && calls) {
      totals.allocations = totals.allocations.value_or(0) + *calls;
      ++totals.counted;
    }
    if (plan < bench_.warmup) return true;
    const bool late = action.source == planner::ActionSource::kFallback;
    totals.seconds.push_back(took / 1000);
    totals.iterations.push_back(late ? 0 : static_cast<double>(core_.last_plan(0).iterations));
    totals.fallbacks += late ? 1 : 0;
    totals.misses += deadline_ms_ > 0 && took > deadline_ms_ + 1 ? 1 : 0;
    totals.model_ms += model_.ms() - model_before;
    totals.flops += model_.flops() - flops_before;
    totals.blocks += static_cast<double>(model_.blocks() - blocks_before);
    return true;
  }

  const PlanBench& bench_;
  const TimedModel& model_;
  planner::ControlCore core_;
  double deadline_ms_;
  std::vector<int64_t> problems_;
};

/// Only the exact tier can be offered yet.
void require_exact(const std::string& tier) {
  if (tier != "exact")
    fail<ConfigError>(
        "bench plan: tier '{}' is not offered: its agreement with the exact one was never measured on "
        "this model; use tier exact",
        tier);
}

}  // namespace

ordered_json bench_plan(const PlanBench& bench) {
  require_exact(bench.tier);
  const auto loaded = model_of(bench);
  const bool arm = loaded->state_spec().kind == StateSpec::Kind::kArmPose;
  const ControllerConfig config = read_controller_config(bench.settings, arm);
  const planner::SearchConfig& search = config.control.planner.planner.search;
  const LewmConfig* predictor = predictor_of(*loaded);
  std::function<double(int64_t, int64_t)> flops;
  if (predictor != nullptr)
    flops = [predictor](int64_t history, int64_t horizon) { return candidate_flops(*predictor, history, horizon); };
  const TimedModel model(*loaded, flops);
  Bench runs(bench, config, model);

  std::deque<BusyProcess> others;
  for (int64_t i = 0; i < bench.busy; ++i) others.emplace_back();
  const auto rate = [&] {
    return predictor == nullptr ? 0 : best_product_rate(*predictor, search.samples * bench.batch, bench.device);
  };
  const double rate_before = rate();
  const Totals totals = runs.run();
  const double rate_now = std::max(rate_before, rate()), total_ms = totals.total_ms();

  const auto known = [](bool is_known, double value) { return is_known ? ordered_json(value) : ordered_json(); };
  const ordered_json out = percentiles_ms(totals.seconds);
  ordered_json result{{"model", bench.model.empty() ? bench.preset + ", random weights" : bench.model.string()},
                      {"device", bench.device},
                      {"threads", at::get_num_threads()},
                      {"busy_processes", bench.busy},
                      {"solver", name_of(config.control.planner.planner.solver)},
                      {"tier", bench.tier},
                      {"batch", bench.batch},
                      {"samples", search.samples},
                      {"iterations", search.iterations},
                      {"horizon", search.horizon},
                      {"plans", bench.plans},
                      {"p50_ms", out["p50"]},
                      {"p95_ms", out["p95"]},
                      {"p99_ms", out["p99"]},
                      {"candidate_steps_per_s", totals.blocks / total_ms * 1000},
                      {"gemm_gflop_per_s", known(predictor != nullptr, rate_now * 1e-9)},
                      {"gemm_peak_share", known(predictor != nullptr, totals.flops / (total_ms / 1000) / rate_now)},
                      {"overhead_ms", (total_ms - totals.model_ms) / static_cast<double>(bench.plans)},
                      {"overhead_share", (total_ms - totals.model_ms) / total_ms},
                      {"allocations_per_plan", known(totals.allocations.has_value(),
                                                     static_cast<double>(totals.allocations.value_or(0)) /
                                                         static_cast<double>(std::max<int64_t>(totals.counted, 1)))},
                      {"median_iterations", totals.median_iterations()},
                      {"misses", totals.misses},  // answers later than the deadline and 1 ms
                      {"fallbacks", totals.fallbacks}};
  if (config.control.deadline_ms > 0) result["deadline_ms"] = config.control.deadline_ms;
  return result;
}

}  // namespace foresee::tools
