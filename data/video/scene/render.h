#pragma once

#include <optional>

#include "data/video/scene/factors.h"
#include "jepa/core/tensor.h"

namespace foresee::data {

// Note [Scenes]
// Objects of one colour move over a smooth background, which stands still. A slanted bar stands in the picture. No
// single frame tells the motion: the picture is a torus, so objects that leave it come in on the other side, and where
// they begin has nothing to do with where they go. All of them begin at the bar, so that what hides what can be seen
// in every clip. Speeds are relative to the clip: the event lies inside it at any length.

/// The size of a rendered scene.
struct SceneSize {
  int64_t frames = 16;
  int64_t height = 64, width = 64;  // px
};

/// What happens to the objects of a scene from one frame on and nothing in it explains.
struct SceneViolation {
  int64_t at = 0;                   // the first frame of it
  double right = 0, down = 0;       // how far the objects jump, sides of the picture; they go on from there
  std::optional<int64_t> colour{};  // that they take, as SceneFactors::colour
  bool stop = false;                // they stand still
  bool vanish = false;              // they are not there any more
};

/// Draws one scene. Background, bar and places are a function of (seed, index), whatever the factors and the size.
/// @param violation  nothing: all is as the factors say. Frames before it are the same with and without.
/// @returns uint8 [T, 3, H, W], RGB. @throws Error for a size below 1.
Tensor render_scene(const SceneFactors& factors, uint64_t seed, int64_t index, const SceneSize& size,
                    const std::optional<SceneViolation>& violation = {});

}  // namespace foresee::data
