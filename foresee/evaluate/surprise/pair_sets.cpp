#include "foresee/evaluate/surprise/pair_sets.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "data/video/scene/render.h"

namespace foresee {
namespace {

using planner::PairTiming, planner::Violation, planner::ViolationPair, planner::ViolationSpec, planner::Witness;

constexpr double kDistances_px[] = {20, 40, 80};
constexpr double kSide_px = 224;  // of a picture, for distances in scenes

/// A set for each of some kinds, and of teleports for each distance.
std::vector<PairSet> sets_of(const std::vector<Violation>& kinds, int64_t count,
                             const std::function<ViolationPair(const ViolationSpec& spec, uint64_t index)>& pair) {
  std::vector<PairSet> sets;
  for (const auto& [kind, name] : planner::kViolationNames) {
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) continue;
    std::vector<double> distances{0};
    if (kind == Violation::kTeleport) distances.assign(std::begin(kDistances_px), std::end(kDistances_px));
    for (const double distance : distances) {
      const ViolationSpec spec{.kind = kind, .distance_px = distance};
      sets.push_back({.kind = std::string(name),
                      .distance_px = distance,
                      .count = count,
                      .pair = [=](int64_t index) { return pair(spec, static_cast<uint64_t>(index)); },
                      .coins = static_cast<uint64_t>(kind)});
    }
  }
  return sets;
}

data::SceneViolation scene_violation(const ViolationSpec& spec, const data::SceneFactors& factors, int64_t at,
                                     double angle) {
  const double distance = spec.distance_px / kSide_px;
  data::SceneViolation out{.at = at};
  switch (spec.kind) {
    case Violation::kTeleport:
      out.right = distance * std::cos(angle);
      out.down = distance * std::sin(angle);
      break;
    case Violation::kColour:
      out.colour = (factors.colour + 1) % 4;
      break;
    case Violation::kStop:
      out.stop = true;
      break;
    case Violation::kVanish:
      out.vanish = true;
      break;
    case Violation::kThroughWall:
      break;  // objects pass the bar as it is
  }
  return out;
}

ViolationPair scene_pair(const ViolationSpec& spec, const PairTiming& timing, int64_t size, uint64_t seed,
                         uint64_t index) {
  RandomSequence random(Random(seed, Stream::kEvalStarts, index));
  const int64_t at = timing.earliest + random.integer(timing.latest - timing.earliest + 1);
  const auto number = static_cast<int64_t>(index);
  const data::SceneFactors factors = data::draw_factors(seed, number);
  const data::SceneSize extent{timing.pictures, size, size};
  const auto violation = scene_violation(spec, factors, at, random.uniform(0, 2 * std::numbers::pi));
  return {.unchanged = data::render_scene(factors, seed, number, extent),
          .changed = data::render_scene(factors, seed, number, extent, violation),
          .at = at};
}

}  // namespace

std::vector<PairSet> environment_pairs(const std::string& env, const Witness& witness, int64_t count, uint64_t seed) {
  return sets_of(planner::violations_of(env), count,
                 [=, worlds = planner::pair_worlds(env), timing = witness.timing, size = witness.size](
                     const ViolationSpec& spec, uint64_t index) {
                   return planner::violation_pair(worlds, spec, timing, size, seed, index);
                 });
}

std::vector<PairSet> scene_pairs(const Witness& witness, int64_t count, uint64_t seed) {
  return sets_of({Violation::kTeleport, Violation::kColour, Violation::kStop, Violation::kVanish}, count,
                 [=, timing = witness.timing, size = witness.size](const ViolationSpec& spec, uint64_t index) {
                   return scene_pair(spec, timing, size, seed, index);
                 });
}

}  // namespace foresee
