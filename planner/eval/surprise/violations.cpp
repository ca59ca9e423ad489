#include "planner/eval/surprise/violations.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "jepa/core/error.h"
#include "planner/env/collect.h"
#include "planner/eval/surprise/stages.h"

namespace foresee::planner {
namespace {

constexpr int64_t kTries = 10000;  // draws of a teleport's direction

/// The state after a jump in a random direction; the nearest allowed distance is never taken instead.
std::optional<State> jumped(const Stage& stage, const State& from, double distance, RandomSequence& random) {
  for (int64_t i = 0; i < kTries; ++i) {
    const double angle = random.uniform(0, 2 * std::numbers::pi);
    if (auto to = stage.moved(from, distance * std::cos(angle), distance * std::sin(angle))) return to;
  }
  return std::nullopt;
}

/// The start of a pair, and the actions that follow it.
struct Script {
  State start;
  std::vector<State> actions;  // environment units
};

Script usual_script(const Stage& stage, const Env& usual, int64_t steps, uint64_t seed, uint64_t index) {
  RandomSequence start(Random(seed, Stream::kEnvReset, index)), random(Random(seed, Stream::kPolicy, index));
  const auto world = usual.clone();
  const auto policy = make_policy(stage.env, stage.policy, usual_collection(stage.env).noise);
  world->reset(start);
  Script script{.start = world->state(), .actions = {}};
  for (int64_t t = 0; t < steps; ++t) {
    script.actions.push_back(policy->act(*world, random));
    world->step(script.actions.back());
  }
  return script;
}

/// Left or right of the wall, away from the door, with actions into the wall.
Script wall_script(const StageWall& wall, int64_t steps, uint64_t seed, uint64_t index) {
  RandomSequence random(Random(seed, Stream::kEnvReset, index));
  const double side = random.integer(2) == 0 ? -1 : 1;
  Script script;
  script.start = wall.start(random, side);
  for (int64_t t = 0; t < steps; ++t)
    script.actions.push_back({-side * random.uniform(0.2, 1), random.uniform(-0.5, 0.5)});
  return script;
}

/// One of the two episodes of a pair as it is played.
class Play {
 public:
  Play(const Stage& stage, const PairWorlds& worlds, const ViolationSpec& spec, const Script& script,
       RandomSequence random)
      : stage_(stage), spec_(spec), script_(script), random_(random), world_(worlds.usual->clone()) {
    const bool recoloured = spec.kind == Violation::kColour && worlds.recoloured;
    other_ = (recoloured ? worlds.recoloured : worlds.usual)->clone();
    world_->set_state(script.start);
    other_->set_state(script.start);
  }

  /// @param at  picture of the violation; timing.pictures: none. @returns uint8 [T, 3, S, S]; undefined where the
  /// object has nowhere to go.
  Tensor pictures(const PairTiming& timing, int64_t size, int64_t at) {
    std::vector<Tensor> out{world_->render(size)};
    for (int64_t t = 1; t < timing.pictures; ++t) {
      const bool after = t >= at;
      if (after && spec_.kind == Violation::kStop) {
        out.push_back(out.back());
        continue;
      }
      for (int64_t i = (t - 1) * timing.block; i < t * timing.block; ++i) step(i, after);
      if (t == at && spec_.kind == Violation::kTeleport && !jump()) return {};
      out.push_back(after ? changed(size) : world_->render(size));
    }
    return at::stack(out);
  }

 private:
  void step(int64_t i, bool after) {
    const State& action = script_.actions[static_cast<size_t>(i)];
    if (after && spec_.kind == Violation::kThroughWall)
      world_->set_state(stage_.wall->passed(world_->state(), action));
    else
      world_->step(action);
    other_->step(action);  // the same world in other colours
  }

  bool jump() {
    const auto to = jumped(stage_, world_->state(), spec_.distance_px, random_);
    if (to) world_->set_state(*to);
    return to.has_value();
  }

  Tensor changed(int64_t size) {
    if (spec_.kind == Violation::kColour)
      return stage_.repaint ? stage_.repaint(world_->render(size)) : other_->render(size);
    if (spec_.kind != Violation::kVanish) return world_->render(size);
    other_->restore(*world_);
    other_->set_state(stage_.away(world_->state()));
    return other_->render(size);
  }

  const Stage& stage_;
  const ViolationSpec& spec_;
  const Script& script_;
  RandomSequence random_;
  std::unique_ptr<Env> world_, other_;
};

}  // namespace

std::vector<Violation> violations_of(const std::string& env) {
  const Stage* stage = stage_of(env);
  return stage == nullptr ? std::vector<Violation>{} : stage->kinds;
}

PairWorlds pair_worlds(const std::string& env) {
  const Stage* stage = stage_of(env);
  FORESEE_CHECK(stage != nullptr, "expected an environment with violations, got {}", env);
  PairWorlds worlds{.env = env, .usual = make_env(env), .recoloured = nullptr};
  if (!stage->recolour) return worlds;
  EnvConfig variation;
  stage->recolour(variation);
  worlds.recoloured = make_env(env, variation);
  return worlds;
}

ViolationPair violation_pair(const PairWorlds& worlds, const ViolationSpec& spec, const PairTiming& timing,
                             int64_t size, uint64_t seed, uint64_t index) {
  const std::string& env = worlds.env;
  const Stage* stage = stage_of(env);
  const auto known = violations_of(env);
  FORESEE_CHECK(std::find(known.begin(), known.end(), spec.kind) != known.end(), "{} has no violation of this kind",
                env);
  FORESEE_CHECK(spec.kind != Violation::kTeleport || spec.distance_px > 0, "expected a teleport of more than 0 px");
  const int64_t steps = (timing.pictures - 1) * timing.block;
  for (uint64_t attempt = 0; attempt < 100; ++attempt) {
    const uint64_t id = index + (attempt << 20);  // an episode where the object has nowhere to go is drawn anew
    const Script script = spec.kind == Violation::kThroughWall ? wall_script(*stage->wall, steps, seed, id)
                                                               : usual_script(*stage, *worlds.usual, steps, seed, id);
    RandomSequence random(Random(seed, Stream::kEvalStarts, id));
    ViolationPair pair{.at = timing.earliest + random.integer(timing.latest - timing.earliest + 1)};
    pair.changed = Play(*stage, worlds, spec, script, random).pictures(timing, size, *pair.at);
    if (!pair.changed.defined()) continue;
    pair.unchanged = Play(*stage, worlds, spec, script, random).pictures(timing, size, timing.pictures);
    std::vector<double> actions;
    for (const State& action : script.actions) actions.insert(actions.end(), action.begin(), action.end());
    pair.actions = at::tensor(actions, at::kDouble).view({steps, -1});
    return pair;
  }
  fail("{}: no episode found in which the object can jump by {} px", env, spec.distance_px);
}

}  // namespace foresee::planner
