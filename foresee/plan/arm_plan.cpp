#include "foresee/plan/arm_plan.h"

#include <sstream>

#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/progress.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2_ac/arm_pose.h"

namespace foresee::tools {
namespace {

constexpr int64_t kCandidatesAtOnce = 8;  // between two reports of progress

}  // namespace

void describe(Fields& f, ArmPlanConfig& c) {
  describe(f, c.search);
  f("arm", c.arm, "the arm's search; init_std is not used");
}

std::vector<double> parse_state(const std::string& text, int64_t size) {
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
      fail("--state {}: '{}' is no number", text, part);
  }
  if (static_cast<int64_t>(numbers.size()) != size)
    fail("--state {}: expected {} numbers (x, y, z in m, three Euler angles in rad, gripper 0 to 1), got {}", text,
         size, numbers.size());
  return numbers;
}

Observation arm_observation(const Tensor& frames, const std::vector<std::vector<double>>& states) {
  if (frames.size(0) != static_cast<int64_t>(states.size()))
    fail("expected a --state for each --obs, got {} for {} pictures", states.size(), frames.size(0));
  std::vector<Tensor> poses;
  for (const auto& state : states) poses.push_back(torch::tensor(state, at::kDouble));
  Observation seen;
  seen.frames = frames.unsqueeze(0);
  seen.state = at::stack(poses).unsqueeze(0);
  if (frames.size(0) > 1) seen.actions = poses_to_diffs(seen.state);
  return seen;
}

ArmPlan plan_arm(const Vjepa2AcWorldModel& world, const Observation& observation, const Tensor& goal,
                 const ArmPlanConfig& config, uint64_t seed, const JobControl& control) {
  const ActionSpec& actions = world.action_spec();
  if (actions.size != planner::kArmAction || actions.block != 1)
    fail("the arm's search plans single actions of {} numbers, the model takes blocks of {} of {}", planner::kArmAction,
         actions.block, actions.size);
  const at::NoGradGuard no_grad;
  log_info("encoding {} pictures", observation.frames.size(1) + 1);
  const std::unique_ptr<Context> context = world.encode(observation);
  const Tensor wanted = world.encode_goal(goal.unsqueeze(0));
  const planner::SearchConfig& search = config.search;
  Progress progress(control, "plan", search.iterations * search.samples, "candidates");
  int64_t done = 0;
  const auto cost = [&](const Tensor& candidates, const Tensor&) {
    std::vector<Tensor> parts;
    for (const Tensor& part : candidates.split(kCandidatesAtOnce, 1)) {
      if (control.stopping()) fail("interrupted");
      parts.push_back(world.costs(*context, wanted, actions.normalise(part)));
      progress.update(done += part.size(1));
    }
    return at::cat(parts, 1);
  };
  planner::SearchRequest request;
  request.init = at::zeros({1, 0, planner::kArmSearched}, wanted.options());
  request.noise = planner::draw_noise(seed, std::vector<planner::PlanId>{{0, 0}}, search, planner::kArmSearched);
  ArmPlan out;
  out.plan = planner::make_planner(search, config.arm)(cost, request);
  progress.finish();
  out.states = world.states(*context, actions.normalise(out.plan.blocks.unsqueeze(1)))[0][0];
  return out;
}

}  // namespace foresee::tools
