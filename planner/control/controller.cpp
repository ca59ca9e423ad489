#include "planner/control/controller.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>

#include "jepa/core/action/action_limits.h"
#include "jepa/core/cpu/memory_pool.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/control/model_cost.h"
#include "planner/control/not_finite.h"
#include "planner/control/picture_fit.h"
#include "planner/control/record/recorder.h"
#include "planner/control/steering.h"

namespace foresee::planner {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kCandidatesAtOnce = 8;              // of an arm's slow model, between two looks at the job
constexpr std::chrono::milliseconds kLeastMargin{2};  // before a deadline: for what follows a search, and to wake up

ActionSpec limited(ActionSpec actions, const ControlConfig& config) {
  set_limits(actions, config.action_low, config.action_high);
  return actions;
}

bool is_arm(const WorldModel& model) { return model.state_spec().kind == StateSpec::Kind::kArmPose; }

void check_state(const std::vector<double>& state, int64_t size, const char* what) {
  FORESEE_CHECK(static_cast<int64_t>(state.size()) == size, "expected {} numbers of the robot's own state {}, got {}",
                size, what, state.size());
  for (size_t i = 0; i < state.size(); ++i)
    FORESEE_CHECK(std::isfinite(static_cast<float>(state[i])),
                  "expected a state {} of finite numbers, got {} as number {}", what, state[i], i);
}

void check_extrinsics(const std::vector<double>& pose, int64_t size) {
  FORESEE_CHECK(static_cast<int64_t>(pose.size()) == size,
                "expected {} numbers of the camera's pose (extrinsics) with every picture, got {}", size, pose.size());
  for (const double number : pose) FORESEE_CHECK(std::isfinite(number), "expected a camera's pose of finite numbers");
}

}  // namespace

void describe(Fields& f, ControlConfig& c) {
  f("history", c.history, "context frames, one action block apart", {1, 10000});
  f.choice("objective", c.objective, kObjectiveNames,
           "what plans are judged by: latent, or distance (a model with a distance head)");
  static constexpr std::pair<Begin, std::string_view> kBegins[] = {{Begin::kZero, "zero"},
                                                                   {Begin::kProposal, "proposal"}};
  f("terminal_cost", c.terminal_cost, "weight of what the last block of a plan leads to", {0, 1e12});
  f("running_cost", c.running_cost, "weight of the mean of what the blocks before it lead to; each is judged",
    {0, 1e12});
  f.choice("begin", c.begin, kBegins, "where searches begin; proposal: at what the inverse-dynamics head says");
  f("proposal_gain", c.proposal_gain, "proposals of the inverse-dynamics head are multiplied with it, normalised units",
    {0, 100});
  f("action_low", c.action_low,
    "least value of each number of an action, or one of all, the robot's units; none: as the model has it");
  f("action_high", c.action_high, "largest value, same");
  f("deadline_ms", c.deadline_ms,
    "time that an action may take; a late search is dropped for the rest of the last plan, or the safe action; 0: any",
    {0, 3.6e6});
  f("asynchronous", c.asynchronous,
    "search the next plan while the last block of this one is executed, from where that block leads");
  f("safe_action", c.safe_action,
    "what to do where a search is late and no plan is left, the robot's units; none: 0, or the limits' nearest");
  f("planner", c.planner, "the search on the world model");
}

ControlCore::ControlCore(const WorldModel& model, const ControlConfig& config, const ControlOptions& options)
    : model_(model),
      config_(config),
      options_(options),
      actions_(limited(model.action_spec(), config)),
      state_(model.state_spec()),
      arm_(is_arm(model)),
      mpc_(config.planner, actions_, options.seed, options.problems, options.first,
           arm_ ? std::optional(options.arm) : std::nullopt) {
  require_objective(model, config.objective);
  if (config.terminal_cost <= 0 && config.running_cost <= 0)
    fail<ConfigError>("expected terminal_cost or running_cost above 0: plans would all cost the same");
  if ((!options.search || config.begin == Begin::kProposal) && !model.proposes())
    fail<ConfigError>("{} needs a model with an inverse-dynamics head; train heads for it (family lewm_heads)",
                      options.search ? "begin=proposal" : "following proposals");
  safe_action_ = config.safe_action;
  if (safe_action_.empty()) safe_action_.resize(static_cast<size_t>(actions_.size));
  if (static_cast<int64_t>(safe_action_.size()) != actions_.size)
    fail<ConfigError>("safe_action: expected {} numbers, one for each of an action, got {}", actions_.size,
                      safe_action_.size());
  for (const double number : safe_action_)
    if (!std::isfinite(number)) fail<ConfigError>("safe_action: expected finite numbers, got {}", number);
  for (int64_t i = 0; i < options.problems; ++i)
    problems_.push_back({.history = History(config.history, model.action_spec())});
}

/// What may be done that is nearest to actions. @param actions  double [..., A], the robot's units.
Tensor ControlCore::allowed(const Tensor& actions) const { return within_limits(actions_, mpc_.within_ball(actions)); }

const ControlCore::Problem& ControlCore::get(int64_t problem) const {
  FORESEE_CHECK(problem >= 0 && problem < static_cast<int64_t>(problems_.size()), "expected a problem 0 .. {}, got {}",
                static_cast<int64_t>(problems_.size()) - 1, problem);
  return problems_[static_cast<size_t>(problem)];
}

void ControlCore::set_goal(int64_t problem, const Tensor& picture, const std::vector<double>& state, double weight) {
  set_goals(problem, {{.picture = picture, .state = state, .weight = weight}});
}

void ControlCore::set_goals(int64_t problem, std::vector<Wanted> goals) {
  Problem& p = get(problem);
  FORESEE_CHECK(!goals.empty(), "expected at least one goal");
  for (Wanted& goal : goals) {
    check_state(goal.state, state_.of_goal ? state_.size : 0, "with the goal");
    FORESEE_CHECK(goal.weight > 0 && std::isfinite(goal.weight), "expected a weight above 0, got {}", goal.weight);
    goal.picture = fit_picture(goal.picture, model_.picture_spec());
    FORESEE_CHECK(goal.picture.sizes() == goals.front().picture.sizes(), "expected goals with pictures of one size");
  }
  if (options_.recorder) options_.recorder->goals(problem, goals);
  p.goals = std::move(goals);
  ++p.goal_number;
  if (config_.asynchronous && (!mpc_.due(problem) || is_ahead(problem))) {
    const int64_t left = mpc_.queued(problem).size(0);
    return mpc_.shorten(problem, left % actions_.block + actions_.block);
  }
  mpc_.reset(problem);
  if (!p.history.wants_picture()) p.history.clear();
}

void ControlCore::reset(int64_t problem) {
  get(problem).history.clear();
  if (options_.recorder) options_.recorder->reset(problem);
  ++get(problem).episode;
  mpc_.reset(problem);
}

Sight ControlCore::fitted(const Sight& sight) const {
  Sight fit = sight;
  fit.picture = fit_picture(sight.picture, model_.picture_spec());
  check_state(sight.state, state_.size, "with every picture");
  check_extrinsics(sight.extrinsics, state_.extrinsics);
  return fit;
}

void ControlCore::look_back(int64_t problem, const Sight& sight) {
  get(problem).history.look_back(fitted(sight));
  if (options_.recorder) options_.recorder->look_back(problem, sight);
}

std::vector<ControlAction> ControlCore::act(std::span<const Sight> seen, std::span<const int64_t> problems,
                                            const Deadline& deadline) {
  return recorded(seen, problems, [&] { return act_until(seen, problems, deadline); });
}

std::vector<ControlAction> ControlCore::act_again(std::span<const Sight> seen, std::span<const int64_t> problems,
                                                  const Course& course) {
  again_ = &course;
  try {
    auto actions = act(seen, problems);
    again_ = nullptr;
    return actions;
  } catch (...) {
    again_ = nullptr;
    throw;
  }
}

std::vector<ControlAction> ControlCore::act_until(std::span<const Sight> seen, std::span<const int64_t> problems,
                                                  const Deadline& deadline) {
  const PooledMemory pooled;  // shapes come back from iteration to iteration and from plan to plan
  course_ = {};
  Deadline end = deadline;
  if (!end && config_.deadline_ms > 0)
    end = Clock::now() +
          std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(config_.deadline_ms));
  FORESEE_CHECK(seen.size() == problems.size(), "expected {} observations, got {}", problems.size(), seen.size());
  FORESEE_CHECK(std::adjacent_find(problems.begin(), problems.end(), std::greater_equal<>()) == problems.end(),
                "expected problems in ascending order, no two the same");
  std::vector<Sight> sights;  // all are checked before one is taken
  for (size_t i = 0; i < problems.size(); ++i) {
    FORESEE_CHECK(!get(problems[i]).goals.empty(), "problem {} has no goal: set it first", problems[i]);
    sights.push_back(wants_picture(problems[i]) ? fitted(seen[i]) : Sight{.executed = seen[i].executed});
  }
  for (size_t i = 0; i < problems.size(); ++i) get(problems[i]).history.look(sights[i]);
  if (std::none_of(problems.begin(), problems.end(), [&](int64_t p) { return mpc_.due(p); })) search_ahead(problems);
  auto actions = mpc_.act(problems, [&](std::span<const int64_t> due) {
    const std::vector<int64_t> without = take_ahead(due, end);
    if (!without.empty()) search(without, end);
    search_ahead(problems);
  });
  for (size_t i = 0; i < problems.size(); ++i) {
    if (actions[i].source == ActionSource::kSearch && get(problems[i]).late)
      actions[i].source = ActionSource::kFallback;
    const Tensor allowed = this->allowed(torch::tensor(actions[i].action, at::kDouble));
    const double* numbers = allowed.const_data_ptr<double>();
    actions[i].action.assign(numbers, numbers + allowed.numel());
    get(problems[i]).history.acted(actions[i].action);
  }
  return actions;
}

/// Tells the recorder of an act(), also of one that throws.
std::vector<ControlAction> ControlCore::recorded(std::span<const Sight> seen, std::span<const int64_t> problems,
                                                 const std::function<std::vector<ControlAction>()>& act) {
  if (!options_.recorder) return act();
  try {
    auto actions = act();
    options_.recorder->acted(seen, problems, course_, actions);
    return actions;
  } catch (const std::exception& error) {
    options_.recorder->failed(seen, problems, course_, error.what());
    throw;
  }
}

/// Histories of one length and pictures of one size are searched side by side.
void ControlCore::search(std::span<const int64_t> due, const Deadline& deadline) {
  std::map<std::vector<int64_t>, std::vector<int64_t>> alike;
  for (const int64_t problem : due) {
    const Problem& p = get(problem);
    const Tensor& now = p.history.last_picture();
    const Tensor& goal = p.goals.front().picture;
    alike[{p.history.length(), now.size(1), now.size(2), goal.size(1), goal.size(2),
           static_cast<int64_t>(p.goals.size())}]
        .push_back(problem);
  }
  auto questions = std::make_shared<std::vector<Question>>();
  for (const auto& [shape, problems] : alike) questions->push_back(ask(problems));
  for (const int64_t problem : due) get(problem).late = false;
  if (!deadline || again_ != nullptr) {
    for (const Question& question : *questions) {
      const int64_t first = question.problems[0];
      if (was_late(first))
        for (const int64_t problem : question.problems) fall_back(problem);
      else
        take(question, answer(question, {}, again_ != nullptr ? again_->of(first) : nullptr));
    }
    return;
  }
  auto answers = std::make_shared<std::vector<Answer>>();
  const Clock::duration margin = std::max<Clock::duration>(kLeastMargin, (*deadline - Clock::now()) / 20);
  const auto end = *deadline - margin;
  const bool in_time = watchdog_.run(
      [this, questions, answers, end] {
        for (const Question& question : *questions) {
          const auto now = Clock::now();
          const auto share = (end - now) / static_cast<int64_t>(questions->size() - answers->size());
          answers->push_back(answer(question, now + share, nullptr));
        }
      },
      end);
  for (size_t i = 0; i < questions->size(); ++i) {
    const Question& question = (*questions)[i];
    if (in_time) {
      course_.searches.push_back((*answers)[i].course);
      take(question, (*answers)[i]);
      continue;
    }
    course_.searches.push_back({.problem = question.problems[0], .late = true});
    for (const int64_t problem : question.problems) fall_back(problem);
  }
}

ControlCore::Question ControlCore::ask(const std::vector<int64_t>& problems) {
  std::vector<Tensor> frames, states, actions, extrinsics;
  std::vector<const std::vector<Wanted>*> goals;
  for (const int64_t problem : problems) {
    const Problem& p = get(problem);
    frames.push_back(p.history.pictures());
    actions.push_back(p.history.actions());
    if (state_.size > 0) states.push_back(p.history.states());
    if (state_.extrinsics > 0) extrinsics.push_back(p.history.extrinsics());
    goals.push_back(&p.goals);
  }
  Question question{.problems = problems, .observation = {}, .goals = goals_of(goals), .start = {}};
  Observation& observation = question.observation;
  observation.frames = at::stack(frames);
  if (observation.frames.size(1) > 1) observation.actions = at::stack(actions);
  if (!states.empty()) observation.state = at::stack(states);
  if (!extrinsics.empty()) observation.extrinsics = at::stack(extrinsics);
  if (options_.search) question.start = mpc_.begin(problems);
  return question;
}

CostTerms ControlCore::terms() const {
  return {.objective = config_.objective, .terminal = config_.terminal_cost, .running = config_.running_cost};
}

/// Searches, or follows what the model proposes. Changes nothing but `paces_`, and those only under a deadline.
ControlCore::Answer ControlCore::answer(const Question& question, const Deadline& end,
                                        const Course::Search* again) const {
  const PooledMemory pooled;  // may run beside act()
  std::optional<Steering> steering;
  if (again != nullptr)
    steering.emplace(*again);
  else if (end)
    steering.emplace(paces_[{question.observation.frames.size(0), question.observation.frames.size(1)}], *end,
                     config_.planner.planner.search);
  ModelCost here = model_cost(model_, question.observation, question.goals, terms());
  if (question.before.defined()) here = behind(here, question.before.to(here.device));
  try {
    Answer answer;
    if (options_.search) {
      SearchControl control;
      if (steering)
        control = {.go_on = [&](int64_t iteration) { return steering->go_on(iteration); },
                   .samples = steering->samples()};
      answer.plan = find(question, here, control);
    } else {
      answer.plan = follow(here);
    }
    look_along(here, answer);
    if (options_.judge) judge(question, here, answer);
    if (!steering) return answer;
    steering->finish();
    answer.course = steering->course();
    answer.course.problem = question.problems[0];
    return answer;
  } catch (const NotFinite& error) {
    fail("{}; what does it: {}", error.what(),
         why_not_finite(model_, question.observation, question.goals.front(), config_.objective));
  }
}

/// What the model says of the plan that was found.
void ControlCore::look_along(const ModelCost& here, Answer& answer) const {
  const at::NoGradGuard no_grad;
  const Tensor& blocks = answer.plan.blocks;
  const Tensor plans = (arm_ ? actions_.normalise(blocks) : blocks).unsqueeze(1);
  answer.states = here.states(plans);
  if (options_.imagine) answer.imagined = here.imagine(plans).select(1, 0).to(at::kCPU, at::kFloat);
}

Plan ControlCore::follow(const ModelCost& here) const {
  Plan plan;
  const auto [low, high] = normalised_bounds(actions_);
  const Tensor blocks = box_space(low, high).to(here.device).settle(here.propose(1) * config_.proposal_gain);
  const at::NoGradGuard no_grad;
  plan.blocks = blocks;
  plan.cost = here.cost(blocks.unsqueeze(1), at::arange(blocks.size(0))).select(1, 0);
  return plan;
}

Plan ControlCore::find(const Question& question, const ModelCost& here, const SearchControl& control) const {
  int64_t done = 0;
  const Tensor initial = config_.begin == Begin::kProposal
                             ? here.propose(config_.planner.planner.search.horizon) * config_.proposal_gain
                             : Tensor();
  return mpc_.search(question.start, watched(here.cost, done, /*report=*/!control.go_on && !question.before.defined()),
                     here.device, initial, control);
}

/// What actions of 0 cost (or what the limits allow nearest to them), here and where the goal is reached.
void ControlCore::judge(const Question& question, const ModelCost& here, Answer& answer) const {
  const Observation& observation = question.observation;
  const Goal& goal = question.goals.front();
  const int64_t problems = goal.pictures.size(0), horizon = config_.planner.planner.search.horizon;
  const Tensor none = within_limits(actions_, at::zeros({actions_.block, actions_.size}, at::kFloat));
  const Tensor still = actions_.normalise(none.flatten()).expand({problems, 1, options_.search ? horizon : 1, -1});
  Observation there;
  there.frames = goal.pictures.unsqueeze(1);
  const auto last = [](const Tensor& values) { return values.defined() ? values.slice(1, -1) : values; };
  there.state = goal.state.defined() ? goal.state.unsqueeze(1) : last(observation.state);
  there.extrinsics = last(observation.extrinsics);
  const at::NoGradGuard no_grad;
  const Tensor rows = at::arange(problems, at::kLong), blocks = still.contiguous().to(here.device);
  answer.nothing = here.cost(blocks, rows).to(at::kCPU, at::kDouble);
  answer.at_goal = model_cost(model_, there, question.goals, terms()).cost(blocks, rows).to(at::kCPU, at::kDouble);
}

/// The cost, which tells the job how far it is (`report`; late searches do not) and ends when the job is to stop.
CostFn ControlCore::watched(const CostFn& cost, int64_t& done, bool report) const {
  const SearchConfig& search = config_.planner.planner.search;
  return [&, report, total = search.iterations * search.samples](const Tensor& actions, const Tensor& rows) {
    if (done >= total) return cost(actions, rows);  // of the plan that was found
    std::vector<Tensor> parts;
    for (const Tensor& part : actions.split(arm_ ? kCandidatesAtOnce : actions.size(1), 1)) {
      if (options_.job.stopping()) fail("interrupted");
      parts.push_back(cost(part, rows));
      done += part.size(1);
      if (report)
        options_.job.report({.label = "plan",
                             .done = done,
                             .total = total,
                             .unit = "candidates",
                             .note = "",
                             .finished = done == total});
    }
    return parts.size() == 1 ? parts.front() : at::cat(parts, 1);
  };
}

void ControlCore::take(const Question& question, const Answer& answer) {
  const Plan& plan = answer.plan;
  if (options_.search) {
    mpc_.take(question.problems, plan);
  } else {
    mpc_.follow(question.problems, plan.blocks);
  }
  const Tensor blocks = plan.blocks.cpu(), cost = plan.cost.to(at::kCPU, at::kDouble);
  const Tensor steps = allowed((arm_ ? blocks : actions_.to_environment(blocks)).to(at::kDouble));
  const Tensor paths = answer.states.defined() ? answer.states.to(at::kCPU, at::kDouble) : answer.states;
  for (size_t i = 0; i < question.problems.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    ControlPlan& last = get(question.problems[i]).plan;
    last.actions = steps[row];
    last.states = paths.defined() ? paths[row][0] : Tensor();
    last.imagined = answer.imagined.defined() ? answer.imagined[row] : Tensor();
    last.cost = cost[row].item<double>();
    last.trace = plan.trace;
    last.iterations = plan.iterations_of.empty() ? 0 : plan.iterations_of[i];
    last.stopped = plan.stopped_of.empty() ? Stop::kIterations : plan.stopped_of[i];
    last.not_finite = plan.not_finite;
    last.violation = plan.violation.defined() ? std::optional(plan.violation[row].item<double>()) : std::nullopt;
    if (answer.nothing.defined()) {
      last.nothing = answer.nothing[row][0].item<double>();
      last.at_goal = answer.at_goal[row][0].item<double>();
    }
    ++last.number;
  }
}

const ControlPlan& ControlCore::last_plan(int64_t problem) const {
  const ControlPlan& plan = get(problem).plan;
  FORESEE_CHECK(plan.number > 0, "problem {} has had no plan{}", problem,
                get(problem).late ? ": its search was later than the deadline" : " yet");
  return plan;
}

}  // namespace foresee::planner
