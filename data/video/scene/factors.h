#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace foresee::data {

/// What happens in a scene. Each factor is drawn by itself, so that none tells of another.
struct SceneFactors {
  int64_t direction = 0;  // of the first half: 0 right, 1 down, 2 left, 3 up
  int64_t speed = 0;      // 0 .. 2: 0.15, 0.3 or 0.45 of the picture's side in the whole clip
  int64_t count = 0;      // 0 .. 2: one, two or three objects; they move alike
  int64_t colour = 0;     // of the objects: 0 red, 1 green, 2 blue, 3 yellow
  int64_t bounce = 0;     // 1: the objects turn back halfway; 0: they go on
  int64_t occlusion = 0;  // 1: the bar hides the objects; 0: they pass in front of it. The bar is always there
};

/// A factor by name, and the names of its values.
struct SceneFactor {
  std::string_view name;
  std::vector<std::string_view> values;
  int64_t SceneFactors::*member;
};
/// The one table of factors: direction, speed, count, colour, bounce, occlusion.
std::span<const SceneFactor> scene_factors();

/// The factors of one scene: a function of (seed, index). @param index  0 .. 2^32-1.
SceneFactors draw_factors(uint64_t seed, int64_t index);

}  // namespace foresee::data
