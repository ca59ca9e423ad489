#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jepa/core/tensor.h"
#include "planner/env/env.h"

namespace foresee::planner {

/// What cannot happen. The object is Two-Room's agent, the dot of eb_two_room and wall, Push-T's block, Reacher's arm.
enum class Violation {
  kTeleport,     // the object is elsewhere from one picture to the next
  kColour,       // the object changes its colour
  kStop,         // everything stands still while the actions go on
  kVanish,       // the object is not there any more
  kThroughWall,  // the agent moves on through a wall that it pushes against
};
inline constexpr std::pair<Violation, std::string_view> kViolationNames[] = {{Violation::kTeleport, "teleport"},
                                                                             {Violation::kColour, "colour"},
                                                                             {Violation::kStop, "stop"},
                                                                             {Violation::kVanish, "vanish"},
                                                                             {Violation::kThroughWall, "through_wall"}};

/// One kind, and how far a teleport goes.
struct ViolationSpec {
  Violation kind = Violation::kTeleport;
  // Of a teleport, > 0: pixels of Two-Room and Push-T; of the others, of a picture of 224 x 224.
  double distance_px = 0;
};

/// An episode and the same one with a violation: same start, same actions, same pictures up to `at`.
struct ViolationPair {
  Tensor unchanged, changed;    // uint8 [T, 3, S, S], RGB
  Tensor actions{};             // double [(T - 1) * block, A], environment units, of both; undefined: not known
  std::optional<int64_t> at{};  // index of the first picture after the violation; nothing: not known
};

/// How pairs are shown. The defaults are those for world models.
struct PairTiming {
  int64_t block = 5;                 // environment steps between two pictures
  int64_t pictures = 9;              // T of an episode
  int64_t earliest = 4, latest = 7;  // `at` is uniform on these
};

/// The kinds that have a meaning in an environment; none where nothing is known of it.
std::vector<Violation> violations_of(const std::string& env);

/// What pairs of one environment are played in: copies of these. Making one is slow where it is drawn by OpenGL.
struct PairWorlds {
  std::string env;
  std::shared_ptr<const Env> usual, recoloured;  // the latter for kColour; null where pictures are repainted instead
};
/// @throws Error for an environment without violations, or where its simulator is not built in.
PairWorlds pair_worlds(const std::string& env);

/// Makes a pair: a pure function of its arguments. Two-Room's actions are its usual expert's, Push-T's those of its
/// weak policy, which stays near the block, Reacher's random. Pairs of kind kThroughWall start at the wall and push
/// against it.
/// @param size  px. @param index  of the pair: all kinds play the same episode, but for kThroughWall.
/// @throws Error for a kind that the environment does not have.
ViolationPair violation_pair(const PairWorlds& worlds, const ViolationSpec& spec, const PairTiming& timing,
                             int64_t size, uint64_t seed, uint64_t index);

}  // namespace foresee::planner
