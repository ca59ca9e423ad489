#include <ATen/ATen.h>

#include <map>
#include <optional>
#include <sstream>

#include "jepa/core/error.h"
#include "planner/env/push_t/push_t.h"
#include "tools/verify/case.h"

namespace foresee::parity {
namespace {

using planner::PushT;
using planner::PushTConfig;
using planner::Vec2;

std::vector<double> row(const Tensor& tensor) {
  const Tensor flat = tensor.to(at::kDouble).contiguous().flatten();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

Tensor doubles(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

/// agent xy, agent velocity, block xy, block angle (not wrapped), block velocity, block angular velocity.
Tensor motion(const PushT& env) {
  const auto& w = env.physics();
  const Vec2 p = w.agent(), v = w.agent_velocity(), b = w.block(), u = w.block_velocity();
  return doubles({p[0], p[1], v[0], v[1], b[0], b[1], w.angle(), u[0], u[1], w.angular_velocity()});
}

/// What one recorded sequence is replayed to.
struct Replay {
  std::vector<Tensor> states, substeps;
  std::vector<double> coverage, reward;
  std::vector<int64_t> contacts, success;
};

/// Steps through `actions` [T, 2] from the environment's present state; `seen` is called after every step.
template <class Seen>
Replay replay(PushT& env, const Tensor& actions, const Seen& seen) {
  Replay result;
  result.states.push_back(doubles(env.state()));
  for (int64_t t = 0; t < actions.size(0); ++t) {
    const auto target = env.target(row(actions[t]));
    int64_t contacts = 0;
    for (int i = 0; i < PushT::kSubsteps; ++i) {
      contacts += env.substep(target);
      result.substeps.push_back(motion(env));
    }
    result.states.push_back(doubles(env.state()));
    result.coverage.push_back(env.coverage());
    result.reward.push_back(env.reward());
    result.contacts.push_back(contacts);
    result.success.push_back(env.solved());
    seen(t + 1);
  }
  return result;
}

/// Recorded frames: which sequence, and after how many of its steps; or a state in words, "state 256 400 400 100 0".
class Frames {
 public:
  Frames(Case& c, int64_t size) : case_(c), size_(size) {
    if (!c.json().contains("frames")) return;
    for (const auto& frame : c.json().at("frames"))
      wanted_.push_back({frame.at("sequence").get<std::string>(), frame.at("after_step").get<int64_t>()});
    pictures_.resize(wanted_.size());
  }

  void look(const PushT& env, const std::string& sequence, int64_t step) {
    for (size_t i = 0; i < wanted_.size(); ++i)
      if (wanted_[i].first == sequence && wanted_[i].second == step)
        pictures_[i] = env.render(size_).permute({1, 2, 0}).contiguous();
  }

  void finish(const PushTConfig& config) {
    if (wanted_.empty()) return;
    for (const auto& [name, step] : wanted_) {
      std::istringstream words(name);
      std::string first;
      words >> first;
      if (first != "state") continue;
      std::vector<double> state;
      for (double x; words >> x;) state.push_back(x);
      PushT env(config);
      env.set_state(state);
      look(env, name, step);
    }
    for (size_t i = 0; i < pictures_.size(); ++i)
      if (!pictures_[i].defined())
        fail<DataError>("frame {}: no step {} in a sequence '{}'", i, wanted_[i].second, wanted_[i].first);
    case_.expect_io("frames.pixels", at::stack(pictures_));
  }

 private:
  Case& case_;
  int64_t size_;
  std::vector<std::pair<std::string, int64_t>> wanted_;
  std::vector<Tensor> pictures_;
};

}  // namespace

void verify_push_t(Case& c) {
  Frames frames(c, PushT().resolution());
  for (const auto& sequence : c.json().at("sequences")) {
    const auto name = sequence.at("name").get<std::string>();
    const Tensor actions = c.io(name + ".actions");
    PushT env({.float32_actions = actions.scalar_type() == at::kFloat});
    env.set_goal(row(c.io(name + ".goal")));
    env.set_state(row(c.io(name + ".start")));
    frames.look(env, name, 0);
    const Replay r = replay(env, actions, [&](int64_t step) { frames.look(env, name, step); });
    c.expect_io(name + ".states", at::stack(r.states));
    c.expect_io(name + ".coverage", doubles(r.coverage));
    c.expect_io(name + ".reward", doubles(r.reward));
    c.expect_io(name + ".contacts", at::tensor(r.contacts).to(at::kInt));
    c.expect_io(name + ".success", at::tensor(r.success).to(at::kByte));
    c.expect_io(name + ".substeps", at::stack(r.substeps));
  }
  frames.finish({});
  const PushT env;
  const auto cog = env.physics().center_of_gravity();
  c.expect_json("facts.block_moment", env.physics().moment());
  c.expect_json("facts.block_cog", std::vector<double>{cog[0], cog[1]});
  c.expect_json("facts.substeps", PushT::kSubsteps);
  c.expect_json("facts.dt", planner::PushTPhysics::kStep_s);
}

void verify_push_t_gym(Case& c) {
  const PushTConfig config{.variant = planner::PushTVariant::kGym};
  Frames frames(c, PushT(config).resolution());
  for (const auto& sequence : c.json().at("sequences")) {
    const auto name = sequence.at("name").get<std::string>();
    PushT env(config);
    env.set_state(row(c.io(name + ".start")));
    frames.look(env, name, 0);
    const Replay r = replay(env, c.io(name + ".actions"), [&](int64_t step) { frames.look(env, name, step); });
    c.expect_io(name + ".states", at::stack(r.states).narrow(1, 0, 5));
    c.expect_io(name + ".coverage", doubles(r.coverage));
    c.expect_io(name + ".reward", doubles(r.reward));
    c.expect_io(name + ".success", at::tensor(r.success).to(at::kByte));
  }
  frames.finish(config);
  if (!c.has("io.safetensors:coverage.pose")) return;
  const auto parts = planner::push_t_shape("T", 30).parts;
  const Tensor poses = c.io("coverage.pose");
  std::vector<double> values;
  for (int64_t i = 0; i < poses.size(0); ++i) {
    const auto pose = row(poses[i]);
    double shared = 0, whole = 0;
    for (const auto& part : parts) {
      const auto goal = planner::placed(part, {config.goal_pose[0], config.goal_pose[1]}, config.goal_pose[2]);
      whole += planner::polygon_area(goal);
      for (const auto& piece : parts)
        shared += planner::intersection_area(planner::placed(piece, {pose[0], pose[1]}, pose[2]), goal);
    }
    values.push_back(shared / whole);
  }
  c.expect_io("coverage.value", doubles(values));
}

void verify_eval_starts_push_t(Case& c) {
  const Tensor starts = c.io("start"), goals = c.io("goal"), actions = c.io("reference_actions");
  std::vector<Tensor> reached;
  std::vector<int64_t> first_success;
  for (int64_t i = 0; i < starts.size(0); ++i) {
    PushT env({.float32_actions = actions.scalar_type() == at::kFloat});
    env.set_goal(row(goals[i]));
    env.set_state(row(starts[i]));
    const Replay r = replay(env, actions[i], [](int64_t) {});
    reached.push_back(r.states.back());
    const auto first = std::find(r.success.begin(), r.success.end(), 1);
    first_success.push_back(first == r.success.end() ? -1 : first - r.success.begin() + 1);
  }
  c.expect_io("goal", at::stack(reached));
  c.expect_io("first_success_step", at::tensor(first_success).to(at::kInt));
}

}  // namespace foresee::parity
