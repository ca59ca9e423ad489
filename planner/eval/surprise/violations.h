#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee::planner {

/// What cannot happen in an environment. The object is Two-Room's agent and Push-T's block.
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
  double distance_px = 0;  // of a teleport, > 0, the environment's pixels
};

/// An episode and the same one with a violation: same start, same actions, same pictures up to `at`.
struct ViolationPair {
  Tensor unchanged, changed;  // uint8 [T, 3, S, S], RGB, one action block apart
  Tensor actions;             // double [(T - 1) * block, A], environment units, of both
  int64_t at = 0;             // index of the first picture after the violation
};

inline constexpr int64_t kViolationPictures = 9;  // T of a pair
inline constexpr int64_t kEarliestViolation = 4;  // `at` is uniform on this one to T - 2

/// The kinds that have a meaning in an environment; none where nothing is known of it.
std::vector<Violation> violations_of(const std::string& env);

/// Makes a pair: a pure function of its arguments. Two-Room's actions are its usual expert's, Push-T's those of its
/// weak policy, which stays near the block. Pairs of kind kThroughWall start at the wall and push against it.
/// @param block  environment steps between two pictures. @param size  px. @param index  of the pair: all kinds play the
/// same episode, but for kThroughWall. @throws Error for a kind that the environment does not have.
ViolationPair violation_pair(const std::string& env, const ViolationSpec& spec, int64_t block, int64_t size,
                             uint64_t seed, uint64_t index);

}  // namespace foresee::planner
