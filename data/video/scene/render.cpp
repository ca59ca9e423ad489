#include "data/video/scene/render.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"

namespace foresee::data {
namespace {

// Places are in sides of the picture: x to the right, y down, both modulo 1.
constexpr double kRadius = 0.1;  // of an object
constexpr double kBarHalfWidth = 0.07;
constexpr double kSpread = 0.07;  // how far an object begins from the bar's middle, along x and along y
constexpr int kMostObjects = 3;
constexpr std::array<double, 3> kTravel{0.15, 0.3, 0.45};  // in the whole clip
constexpr uint64_t kFirstDraw = 64;                        // those before belong to the factors

using Colour = std::array<double, 3>;
constexpr std::array<Colour, 4> kColours{{{230, 40, 40}, {40, 200, 60}, {50, 80, 240}, {240, 220, 40}}};

struct Point {
  double x = 0, y = 0;
};

/// What does not depend on the factors.
struct Stage {
  std::array<Colour, 4> corners{};  // of the background: upper left, upper right, lower left, lower right
  double slant = 1;                 // the bar is x - slant * y = offset, modulo 1; slant is 1 or -1
  double offset = 0;
  double grey = 0;  // of the bar
  std::array<Point, kMostObjects> starts{};
};

Stage draw_stage(uint64_t seed, int64_t index) {
  RandomSequence draws(Random(seed, Stream::kEnvReset, static_cast<uint64_t>(index)), kFirstDraw);
  Stage stage;
  for (Colour& corner : stage.corners) {
    const double level = draws.uniform(50, 190);
    for (double& channel : corner) channel = level + draws.uniform(-30, 30);
  }
  stage.slant = draws.integer(2) == 0 ? 1 : -1;
  stage.offset = draws.uniform();
  stage.grey = draws.integer(2) == 0 ? draws.uniform(0, 30) : draws.uniform(225, 255);
  const double first = draws.uniform();
  for (int i = 0; i < kMostObjects; ++i) {
    const double y = first + static_cast<double>(i) / kMostObjects;
    stage.starts[static_cast<size_t>(i)] = {stage.offset + stage.slant * y + draws.uniform(-kSpread, kSpread),
                                            y + draws.uniform(-kSpread, kSpread)};
  }
  return stage;
}

/// How far the objects are from where they began. @param progress  0 at the first frame, 1 at the last.
Point moved(const SceneFactors& factors, double progress) {
  constexpr std::array<Point, 4> kDirections{{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}};
  const double way = factors.bounce != 0 ? std::min(progress, 1 - progress) : progress;
  const double distance = kTravel.at(static_cast<size_t>(factors.speed)) * way;
  const Point& direction = kDirections.at(static_cast<size_t>(factors.direction));
  return {direction.x * distance, direction.y * distance};
}

/// The distance to the next whole number.
double around(double value) { return std::abs(value - std::round(value)); }

/// How much of a pixel lies inside an edge. @param inside  sides of the picture, negative outside.
double coverage(double inside, double pixels) { return std::clamp(inside * pixels + 0.5, 0.0, 1.0); }

double bar_coverage(const Stage& stage, Point at, double pixels) {
  const double distance = around(at.x - stage.slant * at.y - stage.offset) / std::sqrt(2.0);
  return coverage(kBarHalfWidth - distance, pixels);
}

/// The objects of one frame.
struct Objects {
  int64_t count = 0;
  int64_t colour = 0;
  Point shift{};  // from where they began
};

/// @param violation  may be null.
Objects objects_at(const SceneFactors& factors, int64_t frame, int64_t frames, const SceneViolation* violation) {
  const SceneViolation* now = violation != nullptr && frame >= violation->at ? violation : nullptr;
  if (now != nullptr && now->stop) frame = std::max<int64_t>(0, now->at - 1);
  Objects out{.count = factors.count + 1,
              .colour = factors.colour,
              .shift = moved(factors, frames > 1 ? static_cast<double>(frame) / static_cast<double>(frames - 1) : 0)};
  if (now == nullptr) return out;
  out.shift = {out.shift.x + now->right, out.shift.y + now->down};
  out.colour = now->colour.value_or(out.colour);
  if (now->vanish) out.count = 0;
  return out;
}

double object_coverage(const Stage& stage, const Objects& objects, Point at, double pixels) {
  double most = 0;
  for (size_t i = 0; i < static_cast<size_t>(objects.count); ++i) {
    const Point& start = stage.starts[i];
    const double distance =
        std::hypot(around(at.x - start.x - objects.shift.x), around(at.y - start.y - objects.shift.y));
    most = std::max(most, coverage(kRadius - distance, pixels));
  }
  return most;
}

double background(const Stage& stage, size_t channel, Point at) {
  const auto& [upper_left, upper_right, lower_left, lower_right] = stage.corners;
  const double upper = std::lerp(upper_left[channel], upper_right[channel], at.x);
  return std::lerp(upper, std::lerp(lower_left[channel], lower_right[channel], at.x), at.y);
}

}  // namespace

Tensor render_scene(const SceneFactors& factors, uint64_t seed, int64_t index, const SceneSize& size,
                    const std::optional<SceneViolation>& violation) {
  FORESEE_CHECK(size.frames > 0 && size.height > 0 && size.width > 0, "expected frames and pixels, got {} of {} x {}",
                size.frames, size.height, size.width);
  const Stage stage = draw_stage(seed, index);
  const double pixels = static_cast<double>(std::min(size.height, size.width));
  Tensor frames = at::empty({size.frames, 3, size.height, size.width}, at::kByte);
  uint8_t* const data = frames.mutable_data_ptr<uint8_t>();
  const int64_t plane = size.height * size.width;
  for (int64_t t = 0; t < size.frames; ++t) {
    const Objects objects = objects_at(factors, t, size.frames, violation ? &*violation : nullptr);
    const Colour& colour = kColours.at(static_cast<size_t>(objects.colour));
    for (int64_t p = 0; p < plane; ++p) {
      const Point at{(static_cast<double>(p % size.width) + 0.5) / static_cast<double>(size.width),
                     (static_cast<double>(p / size.width) + 0.5) / static_cast<double>(size.height)};
      const double bar = bar_coverage(stage, at, pixels);
      const double object = object_coverage(stage, objects, at, pixels);
      for (size_t channel = 0; channel < 3; ++channel) {
        double value = background(stage, channel, at);
        if (factors.occlusion == 0) value = std::lerp(value, stage.grey, bar);
        value = std::lerp(value, colour[channel], object);
        if (factors.occlusion != 0) value = std::lerp(value, stage.grey, bar);
        data[(3 * t + static_cast<int64_t>(channel)) * plane + p] = static_cast<uint8_t>(std::lround(value));
      }
    }
  }
  return frames;
}

}  // namespace foresee::data
