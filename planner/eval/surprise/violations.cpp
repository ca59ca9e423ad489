#include "planner/eval/surprise/violations.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "jepa/core/error.h"
#include "planner/env/collect.h"
#include "planner/env/push_t/push_t.h"
#include "planner/env/two_room/two_room.h"

namespace foresee::planner {
namespace {

constexpr int64_t kTries = 10000;    // draws of a teleport's direction and of a start at the wall
constexpr double kAway_px = -10000;  // a place that no picture shows
constexpr double kClearOfWall_px = 24, kClearOfAgent_px = 120;

using State = std::vector<double>;

/// What violations need to know of an environment.
struct Stage {
  std::vector<Violation> kinds;
  std::string policy;                                  // who acts
  size_t object = 0;                                   // index of the object's x in a state; y follows
  double low = 0, high = 0;                            // where its centre may be put, px
  std::function<bool(const State& state)> free;        // whether nothing is in the way there
  std::function<void(EnvConfig& variation)> recolour;  // gives the object another colour
};

template <class Config, class World>
Config& config_of(EnvConfig& variation, const char* env) {
  return dynamic_cast<FactorsOf<Config, World>&>(variation.factors(env)).config;
}

const Stage* stage_of(const std::string& env) {
  static const Stage two_room{
      .kinds = {Violation::kTeleport, Violation::kColour, Violation::kStop, Violation::kVanish,
                Violation::kThroughWall},
      .policy = "expert",
      .object = 0,
      .low = TwoRoom::kBorder + 10,
      .high = TwoRoom::kSize - TwoRoom::kBorder - 10,
      .free = [](const State& s) { return std::abs(s[0] - TwoRoom::kWallCenter) > kClearOfWall_px; },
      .recolour =
          [](EnvConfig& v) {
            config_of<TwoRoomConfig, TwoRoom>(v, "two_room").agent_color = {0, 0, 255};
          }};
  static const Stage push_t{
      .kinds = {Violation::kTeleport, Violation::kColour, Violation::kStop, Violation::kVanish},
      .policy = "weak",
      .object = 2,
      .low = 80,
      .high = 432,
      .free = [](const State& s) { return std::hypot(s[2] - s[0], s[3] - s[1]) > kClearOfAgent_px; },
      .recolour =
          [](EnvConfig& v) {
            config_of<PushTConfig, PushT>(v, "push_t").block_color = {200, 60, 60};
          }};
  if (env == "two_room") return &two_room;
  return env == "push_t" ? &push_t : nullptr;
}

/// The state after a jump in a random direction; the nearest allowed distance is never taken instead.
State jumped(const Stage& stage, const State& from, double distance, RandomSequence& random) {
  const auto inside = [&](double x) { return stage.low <= x && x <= stage.high; };
  State to = from;
  for (int64_t i = 0; i < kTries; ++i) {
    const double angle = random.uniform(0, 2 * std::numbers::pi);
    to[stage.object] = from[stage.object] + distance * std::cos(angle);
    to[stage.object + 1] = from[stage.object + 1] + distance * std::sin(angle);
    if (inside(to[stage.object]) && inside(to[stage.object + 1]) && stage.free(to)) return to;
  }
  return {};
}

/// The start of a pair, and the actions that follow it.
struct Script {
  State start;
  std::vector<State> actions;  // environment units
};

Script usual_script(const std::string& env, const Stage& stage, int64_t steps, uint64_t seed, uint64_t index) {
  RandomSequence start(Random(seed, Stream::kEnvReset, index)), random(Random(seed, Stream::kPolicy, index));
  const auto world = make_env(env);
  const auto policy = make_policy(env, stage.policy, usual_collection(env).noise);
  world->reset(start);
  Script script{.start = world->state(), .actions = {}};
  for (int64_t t = 0; t < steps; ++t) {
    script.actions.push_back(policy->act(*world, random));
    world->step(script.actions.back());
  }
  return script;
}

/// Left or right of Two-Room's wall, away from the door, with actions into the wall.
Script wall_script(int64_t steps, uint64_t seed, uint64_t index) {
  RandomSequence random(Random(seed, Stream::kEnvReset, index));
  const double side = random.integer(2) == 0 ? -1 : 1;
  Script script;
  script.start = {TwoRoom::kWallCenter + side * random.uniform(16, 40), random.uniform(100, 190)};
  for (int64_t t = 0; t < steps; ++t)
    script.actions.push_back({-side * random.uniform(0.2, 1), random.uniform(-0.5, 0.5)});
  return script;
}

/// The state one step later, were there no wall.
State passed(const State& state, const State& action) {
  const double speed = TwoRoomConfig().agent_speed;
  return {state[0] + speed * action[0], state[1] + speed * action[1]};
}

/// One of the two episodes of a pair, played.
/// @param at  picture of the violation; none: kViolationPictures.
Tensor played(const std::string& env, const Stage& stage, const ViolationSpec& spec, const Script& script,
              int64_t block, int64_t size, int64_t at, RandomSequence random) {
  const auto world = make_env(env);
  EnvConfig variation;
  stage.recolour(variation);
  const auto other = spec.kind == Violation::kColour ? make_env(env, variation) : make_env(env);
  world->set_state(script.start);
  other->set_state(script.start);
  std::vector<Tensor> pictures{world->render(size)};
  for (int64_t t = 1; t < kViolationPictures; ++t) {
    const bool after = t >= at;
    if (after && spec.kind == Violation::kStop) {
      pictures.push_back(pictures.back());
      continue;
    }
    for (int64_t i = (t - 1) * block; i < t * block; ++i) {
      const State& action = script.actions[static_cast<size_t>(i)];
      if (after && spec.kind == Violation::kThroughWall)
        world->set_state(passed(world->state(), action));
      else
        world->step(action);
      other->step(action);  // the same world in other colours
    }
    if (t == at && spec.kind == Violation::kTeleport) {
      const State to = jumped(stage, world->state(), spec.distance_px, random);
      if (to.empty()) return {};
      world->set_state(to);
    }
    if (after && spec.kind == Violation::kVanish) {
      State away = world->state();
      away[stage.object] = away[stage.object + 1] = kAway_px;
      other->restore(*world);
      other->set_state(away);
    }
    const bool shows_other = after && (spec.kind == Violation::kColour || spec.kind == Violation::kVanish);
    pictures.push_back((shows_other ? *other : *world).render(size));
  }
  return at::stack(pictures);
}

}  // namespace

std::vector<Violation> violations_of(const std::string& env) {
  const Stage* stage = stage_of(env);
  return stage == nullptr ? std::vector<Violation>{} : stage->kinds;
}

ViolationPair violation_pair(const std::string& env, const ViolationSpec& spec, int64_t block, int64_t size,
                             uint64_t seed, uint64_t index) {
  const Stage* stage = stage_of(env);
  const auto known = violations_of(env);
  FORESEE_CHECK(std::find(known.begin(), known.end(), spec.kind) != known.end(), "{} has no violation of this kind",
                env);
  FORESEE_CHECK(spec.kind != Violation::kTeleport || spec.distance_px > 0, "expected a teleport of more than 0 px");
  const int64_t steps = (kViolationPictures - 1) * block;
  for (uint64_t attempt = 0; attempt < 100; ++attempt) {
    const uint64_t id = index + (attempt << 20);  // an episode where the object has nowhere to go is drawn anew
    const Script script = spec.kind == Violation::kThroughWall ? wall_script(steps, seed, id)
                                                               : usual_script(env, *stage, steps, seed, id);
    RandomSequence random(Random(seed, Stream::kEvalStarts, id));
    const int64_t at = kEarliestViolation + random.integer(kViolationPictures - 1 - kEarliestViolation);
    ViolationPair pair{.at = at};
    pair.changed = played(env, *stage, spec, script, block, size, at, random);
    if (!pair.changed.defined()) continue;
    pair.unchanged = played(env, *stage, spec, script, block, size, kViolationPictures, random);
    std::vector<double> actions;
    for (const State& action : script.actions) actions.insert(actions.end(), action.begin(), action.end());
    pair.actions = at::tensor(actions, at::kDouble).view({steps, -1});
    return pair;
  }
  fail("{}: no episode found in which the object can jump by {} px", env, spec.distance_px);
}

}  // namespace foresee::planner
