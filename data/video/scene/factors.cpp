#include "data/video/scene/factors.h"

#include "jepa/core/random.h"

namespace foresee::data {

std::span<const SceneFactor> scene_factors() {
  static const std::vector<SceneFactor> factors{
      {"direction", {"right", "down", "left", "up"}, &SceneFactors::direction},
      {"speed", {"slow", "medium", "fast"}, &SceneFactors::speed},
      {"count", {"one", "two", "three"}, &SceneFactors::count},
      {"colour", {"red", "green", "blue", "yellow"}, &SceneFactors::colour},
      {"bounce", {"goes_on", "turns_back"}, &SceneFactors::bounce},
      {"occlusion", {"in_front", "hidden"}, &SceneFactors::occlusion}};
  return factors;
}

SceneFactors draw_factors(uint64_t seed, int64_t index) {
  const Random random(seed, Stream::kEnvReset, static_cast<uint64_t>(index));
  SceneFactors drawn;
  uint64_t draw = 0;
  for (const SceneFactor& factor : scene_factors())
    drawn.*factor.member = random.integer(draw++, static_cast<int64_t>(factor.values.size()));
  return drawn;
}

}  // namespace foresee::data
