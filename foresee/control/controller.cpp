#include "foresee/controller.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "foresee/control/controller_access.h"
#include "foresee/control/core_setup.h"
#include "foresee/control/picture.h"
#include "foresee/control/world_model_info.h"
#include "foresee/settings/device.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/model/family/family.h"
#include "jepa/model/vjepa2_ac/arm_pose.h"
#include "jepa/model/world_model.h"
#include "planner/control/controller.h"
#include "planner/control/record/recorder.h"

namespace foresee {
namespace {

using planner::ControlCore;

ControlCore open_core(const WorldModel& model, const Controller::Options& options) {
  CoreSetup setup = core_setup(model, options);
  if (options.record)
    setup.options.recorder =
        std::make_shared<planner::Recorder>(*options.record, record_header(model, setup, options.model));
  return make_core(model, setup);
}

Controller::Source source_of(planner::ActionSource source) {
  switch (source) {
    case planner::ActionSource::kSearch:
      return Controller::Source::kSearch;
    case planner::ActionSource::kQueue:
      return Controller::Source::kQueue;
    case planner::ActionSource::kFallback:
      return Controller::Source::kFallback;
  }
  return Controller::Source::kQueue;
}

Controller::Stopped stopped_of(planner::Stop stop) {
  switch (stop) {
    case planner::Stop::kIterations:
      return Controller::Stopped::kFinished;
    case planner::Stop::kConverged:
      return Controller::Stopped::kConverged;
    case planner::Stop::kDeadline:
      return Controller::Stopped::kDeadline;
  }
  return Controller::Stopped::kFinished;
}

std::vector<std::vector<double>> rows_of(const Tensor& table) {
  std::vector<std::vector<double>> rows;
  if (!table.defined()) return rows;
  const Tensor values = table.contiguous();
  for (int64_t i = 0; i < values.size(0); ++i) {
    const double* row = values[i].const_data_ptr<double>();
    rows.emplace_back(row, row + values.size(1));
  }
  return rows;
}

}  // namespace

struct Controller::Impl {
  Impl(const Options& options, std::shared_ptr<const WorldModel> given)
      : model(std::move(given)),
        spec(model->state_spec()),
        core(open_core(*model, options)),
        seen_before(static_cast<size_t>(options.problems)),
        action(action_info(*model)),
        state(state_info(*model)),
        picture(picture_info(*model)) {}

  /// What ControlCore sees of an observation. Of an arm, the way from a picture that was looked back at is the change
  /// of its pose, where nothing else is said.
  planner::Sight sight(const Observation& seen, int64_t problem, bool wanted) {
    planner::Sight sight{.state = seen.state, .executed = seen.executed, .extrinsics = seen.extrinsics};
    const PictureSpec pictures = model->picture_spec();
    check_pictures(seen.pictures, pictures);
    if (wanted) sight.picture = joined_picture(seen.pictures, pictures);
    const auto& before = seen_before.at(static_cast<size_t>(problem));
    if (!before.empty() && seen.executed.empty() && spec.kind == StateSpec::Kind::kArmPose &&
        seen.state.size() == before.size()) {
      const Tensor way = poses_to_diff(torch::tensor(before, at::kDouble), torch::tensor(seen.state, at::kDouble));
      sight.executed.assign(way.const_data_ptr<double>(), way.const_data_ptr<double>() + way.numel());
    }
    return sight;
  }

  std::shared_ptr<const WorldModel> model;
  StateSpec spec;
  ControlCore core;
  std::vector<std::vector<double>> seen_before;  // state of the last look back, until the next action
  ActionInfo action;
  StateInfo state;
  PictureInfo picture;
};

Controller::Controller(const Options& options)
    : Controller(options,
                 load_world_model(options.model, {.device = job_device(options.device), .read = options.read})) {}
Controller::Controller(const Options& options, std::shared_ptr<const WorldModel> model) {
  FORESEE_CHECK(options.problems >= 1, "expected at least one problem, got {}", options.problems);
  impl_ = std::make_unique<Impl>(options, std::move(model));
}
Controller::~Controller() = default;
Controller::Controller(Controller&&) noexcept = default;
Controller& Controller::operator=(Controller&&) noexcept = default;

const Controller::ActionInfo& Controller::action() const { return impl_->action; }
const Controller::StateInfo& Controller::state() const { return impl_->state; }
const Controller::PictureInfo& Controller::picture() const { return impl_->picture; }

void Controller::set_goal(const Goal& goal, int64_t problem) { set_goals({&goal, 1}, problem); }

void Controller::set_goals(std::span<const Goal> goals, int64_t problem) {
  std::vector<planner::Wanted> wanted;
  for (const Goal& goal : goals)
    wanted.push_back({.picture = joined_picture(goal.pictures, impl_->model->picture_spec()),
                      .state = goal.state,
                      .weight = goal.weight});
  impl_->core.set_goals(problem, std::move(wanted));
}

void Controller::reset(int64_t problem) {
  impl_->core.reset(problem);
  impl_->seen_before.at(static_cast<size_t>(problem)).clear();
}

void Controller::look_back(const Observation& observation, int64_t problem) {
  impl_->core.wants_picture(problem);  // throws for a problem that is not there
  impl_->core.look_back(problem, impl_->sight(observation, problem, /*wanted=*/true));
  impl_->seen_before.at(static_cast<size_t>(problem)) = observation.state;
}

Controller::Decision Controller::act(const Observation& observation) {
  const int64_t only = 0;
  return act({&observation, 1}, {&only, 1}).front();
}

std::vector<Controller::Decision> Controller::act(std::span<const Observation> observations,
                                                  std::span<const int64_t> problems) {
  FORESEE_CHECK(observations.size() == problems.size(), "expected {} observations, got {}", problems.size(),
                observations.size());
  const auto begin = std::chrono::steady_clock::now();
  planner::Deadline deadline;  // the first of those that there are
  for (const Observation& observation : observations) {
    if (!observation.deadline) continue;
    if (observation.deadline->count() <= 0)
      fail("expected a deadline above 0, got {} ms",
           std::chrono::duration<double, std::milli>(*observation.deadline).count());
    const auto end = begin + std::chrono::duration_cast<std::chrono::steady_clock::duration>(*observation.deadline);
    deadline = deadline ? std::min(*deadline, end) : end;
  }
  std::vector<planner::Sight> seen;
  for (size_t i = 0; i < problems.size(); ++i)
    seen.push_back(impl_->sight(observations[i], problems[i], impl_->core.wants_picture(problems[i])));
  const auto actions = impl_->core.act(seen, problems, deadline);
  std::vector<Decision> decisions;
  for (size_t i = 0; i < problems.size(); ++i) {
    impl_->seen_before.at(static_cast<size_t>(problems[i])).clear();
    Decision& decision = decisions.emplace_back();
    decision.action = actions[i].action;
    decision.source = source_of(actions[i].source);
    decision.planning_ms = actions[i].planning_ms;
    decision.plans = impl_->core.plans(problems[i]);
    if (decision.source == Source::kFallback) decision.stopped = Stopped::kDeadline;
    if (decision.plans == 0) continue;
    const planner::ControlPlan& plan = impl_->core.last_plan(problems[i]);
    decision.cost = plan.cost;
    if (decision.source != Source::kSearch) continue;
    decision.stopped = stopped_of(plan.stopped);
    decision.iterations = plan.iterations;
  }
  return decisions;
}

Controller::PlannedActions Controller::last_plan(int64_t problem) const {
  const planner::ControlPlan& plan = impl_->core.last_plan(problem);
  return {.actions = rows_of(plan.actions),
          .states = rows_of(plan.states),
          .cost = plan.cost,
          .cost_of_nothing = plan.nothing,
          .cost_at_goal = plan.at_goal,
          .violation = plan.violation,
          .trace = plan.trace,
          .not_finite = plan.not_finite,
          .iterations = plan.iterations,
          .stopped = stopped_of(plan.stopped),
          .block = impl_->action.block};
}

Tensor ControllerAccess::imagined(const Controller& controller, int64_t problem) {
  return controller.impl_->core.last_plan(problem).imagined;
}

}  // namespace foresee
