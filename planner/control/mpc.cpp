#include "planner/control/mpc.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {
void MpcConfig::validate() const {
  planner.validate();
  if (receding > planner.search.horizon)
    fail<ConfigError>("planner: expected receding <= horizon, got {} > {}", receding, planner.search.horizon);
}

void describe(Fields& f, MpcConfig& c) {
  describe(f, c.planner);
  f("receding", c.receding, "action blocks that are executed before the next plan", {1, 10000});
  f("warm_start", c.warm_start, "begin a search with the blocks that the last plan had left");
}

namespace {

/// Of actions that are no arm's, none: the constructor refuses those.
ActionSpec arm_limits(const ActionSpec& actions) {
  return actions.size == kArmAction ? actions : ActionSpec{.size = kArmAction};
}

}  // namespace

Mpc::Mpc(const MpcConfig& config, const ActionSpec& actions, uint64_t seed, int64_t count, int64_t first,
         const std::optional<ArmCemConfig>& arm)
    : config_(config),
      arm_(arm),
      planner_(arm ? make_planner(config.planner.search, *arm, arm_limits(actions)) : make_planner(config.planner)),
      actions_(actions),
      seed_(seed),
      first_(first),
      problems_(static_cast<size_t>(count)) {
  config.validate();
  actions.validate();
  if (config.planner.solver == Solver::kCategoricalCem && !(actions.mean.empty() && actions.std.empty()))
    fail<ConfigError>(
        "planner: categorical_cem searches actions that are 0 or 1, and the model's are normalised by mean and std; "
        "train it with actions=none");
  if (!arm) return;
  if (actions.size != kArmAction || actions.block != 1)
    fail<ConfigError>("the arm's search plans single actions of {} numbers, the model takes blocks of {} of {}",
                      kArmAction, actions.block, actions.size);
  if (config.planner.solver != Solver::kCem)
    fail<ConfigError>("planner: an arm's plans are searched by solver cem, got '{}'", name_of(config.planner.solver));
}

Plan Mpc::search(std::span<const PlanId> ids, const CostFn& cost, const Tensor& init) const {
  const SearchConfig& config = config_.planner.search;
  SearchRequest request;
  request.init = init;
  if (arm_) {
    request.init = at::zeros({init.size(0), 0, kArmSearched}, init.options());
    request.noise = draw_noise(seed_, ids, config, kArmSearched);
    return planner_([&](const Tensor& actions, const Tensor& rows) { return cost(actions_.normalise(actions), rows); },
                    request);
  }
  request.noise = draw_noise(seed_, ids, config_.planner.draws(), actions_.block_size());
  std::tie(request.low, request.high) = normalised_bounds(actions_);
  return planner_(cost, request);
}

Plan Mpc::plan(std::span<const int64_t> problems, const CostFn& cost, at::Device device, const Tensor& initial) {
  const SearchConfig& search = config_.planner.search;
  const auto count = static_cast<int64_t>(problems.size());
  const int64_t kept = config_.warm_start ? search.horizon - config_.receding : 0;

  Tensor init = at::zeros({count, kept, actions_.block_size()}, at::kFloat);
  std::vector<PlanId> ids;
  for (int64_t row = 0; row < count; ++row) {
    Problem& problem = get(problems[static_cast<size_t>(row)]);
    ids.push_back({first_ + problems[static_cast<size_t>(row)], problem.plans++});
    if (kept > 0 && problem.left_over.defined()) init[row].copy_(problem.left_over);
  }
  if (initial.defined()) init = initial;
  Plan plan = this->search(ids, cost, init.to(device));

  const Tensor blocks = plan.blocks.cpu(), queued = blocks.slice(1, 0, config_.receding);
  fill_queues(problems, arm_ ? queued : actions_.to_environment(queued));
  for (int64_t row = 0; kept > 0 && row < count; ++row)
    get(problems[static_cast<size_t>(row)]).left_over = blocks[row].slice(0, config_.receding).clone();
  return plan;
}

void Mpc::follow(std::span<const int64_t> problems, const Tensor& blocks) {
  FORESEE_CHECK(blocks.dim() == 3 && blocks.size(0) == static_cast<int64_t>(problems.size()) &&
                    blocks.size(2) == actions_.block_size(),
                "expected blocks [{}, H, {}], got {}", problems.size(), actions_.block_size(),
                foresee::describe(blocks));
  if (!at::isfinite(blocks).all().item<bool>()) fail<NotFinite>("the proposed plan is not of finite numbers");
  fill_queues(problems, actions_.to_environment(blocks.cpu()));
}

/// @param actions  float [problems, steps, size], the environment's units, on the CPU.
void Mpc::fill_queues(std::span<const int64_t> problems, const Tensor& actions) {
  const Tensor steps = actions.to(at::kDouble).contiguous();
  for (size_t row = 0; row < problems.size(); ++row) {
    auto& queue = get(problems[row]).queue;
    queue.clear();
    const double* action = steps[static_cast<int64_t>(row)].const_data_ptr<double>();
    for (int64_t step = 0; step < steps.size(1); ++step, action += actions_.size)
      queue.emplace_back(action, action + actions_.size);
  }
}

std::vector<ControlAction> Mpc::act(std::span<const int64_t> problems,
                                    const std::function<void(std::span<const int64_t> due)>& search) {
  std::vector<int64_t> due;
  std::copy_if(problems.begin(), problems.end(), std::back_inserter(due), [&](int64_t p) { return this->due(p); });
  const auto begin = std::chrono::steady_clock::now();
  if (!due.empty()) search(due);
  const double elapsed_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  std::vector<ControlAction> actions;
  for (const int64_t problem : problems) {
    ControlAction& action = actions.emplace_back(ControlAction{.action = next_action(problem)});
    action.planned = std::binary_search(due.begin(), due.end(), problem);
    if (action.planned) action.planning_ms = elapsed_ms / static_cast<double>(due.size());
  }
  return actions;
}

std::vector<double> Mpc::next_action(int64_t problem) {
  auto& queue = get(problem).queue;
  FORESEE_CHECK(!queue.empty(), "problem {} has no action left: plan first", problem);
  std::vector<double> action = std::move(queue.front());
  queue.pop_front();
  return action;
}

void Mpc::reset(int64_t problem) {
  Problem& fresh = get(problem);
  fresh.queue.clear();
  fresh.left_over = Tensor();
}

}  // namespace foresee::planner
