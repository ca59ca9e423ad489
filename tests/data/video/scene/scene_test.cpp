// Claims: a scene is a function of seed and number; every factor shows in the pixels and is drawn as often as its other
// values, whatever the others are; the bar is always there; one frame does not tell the motion.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>

#include "data/video/scene/render.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::data {
namespace {

constexpr SceneSize kSize{.frames = 9, .height = 48, .width = 48};

Tensor scene(const SceneFactors& factors, int64_t index = 1) { return render_scene(factors, 5, index, kSize); }

/// Where the scenes differ from those without objects of that colour, as shares of the picture: float [T, H, W].
/// Two colours differ exactly where an object is seen.
Tensor object_mask(SceneFactors factors, int64_t index = 1) {
  const Tensor one = scene(factors, index);
  factors.colour = (factors.colour + 1) % 4;
  return (one != scene(factors, index)).any(1).to(at::kDouble);
}

/// How far the objects have gone since the first frame along x (axis 2) or y (axis 1), in sides of the picture: the
/// picture is a torus, so the mean place is that of the first wave along it.
double way(const Tensor& mask, int64_t frame, int64_t axis) {
  const Tensor along = mask.sum(axis == 2 ? 1 : 2);  // [T, S]
  const int64_t side = along.size(1);
  const Tensor angle = at::arange(side, at::kDouble) * (2 * std::numbers::pi / static_cast<double>(side));
  const auto phase = [&](int64_t t) {
    return std::atan2((along[t] * angle.sin()).sum().item<double>(), (along[t] * angle.cos()).sum().item<double>());
  };
  return std::remainder(phase(frame) - phase(0), 2 * std::numbers::pi) / (2 * std::numbers::pi);
}

TEST(Scene, IsAFunctionOfSeedAndNumber) {
  const SceneFactors factors{.direction = 1, .speed = 2, .count = 2};
  EXPECT_TRUE(scene(factors, 3).equal(scene(factors, 3)));
  EXPECT_FALSE(scene(factors, 3).equal(scene(factors, 4)));
  EXPECT_FALSE(scene(factors, 3).equal(render_scene(factors, 6, 3, kSize)));
  EXPECT_EQ(scene(factors).sizes(), (at::IntArrayRef{9, 3, 48, 48}));
  for (const auto& factor : scene_factors())
    EXPECT_EQ(draw_factors(7, 11).*factor.member, draw_factors(7, 11).*factor.member) << factor.name;
}

TEST(Scene, ObjectsGoWhereDirectionAndSpeedSay) {
  for (int64_t direction = 0; direction < 4; ++direction)
    for (int64_t speed = 0; speed < 3; ++speed) {
      const Tensor mask = object_mask({.direction = direction, .speed = speed});
      const double wanted = 0.15 * static_cast<double>(speed + 1) * (direction < 2 ? 1 : -1);
      const int64_t axis = direction % 2 == 0 ? 2 : 1;
      EXPECT_NEAR(way(mask, 8, axis), wanted, 0.02) << direction << " " << speed;
      EXPECT_NEAR(way(mask, 8, 3 - axis), 0, 0.02) << direction << " " << speed;
    }
}

TEST(Scene, ObjectsThatTurnBackAreHomeAtTheEnd) {
  const Tensor mask = object_mask({.direction = 0, .speed = 2, .bounce = 1});
  EXPECT_NEAR(way(mask, 4, 2), 0.225, 0.02);
  EXPECT_NEAR(way(mask, 8, 2), 0, 0.01);
}

TEST(Scene, CountAndColourShow) {
  double before = 0;
  for (int64_t count = 0; count < 3; ++count) {
    const double area = object_mask({.count = count}).mean().item<double>();
    EXPECT_NEAR(area - before, std::numbers::pi * 0.01, 0.012) << count;
    before = area;
  }
  const Tensor objects = object_mask({})[0].to(at::kBool);
  const auto shade = [&](int64_t colour, int64_t channel) {
    return scene({.colour = colour})[0][channel].masked_select(objects).to(at::kDouble).mean().item<double>();
  };
  EXPECT_GT(shade(0, 0), shade(0, 2) + 80) << "red";
  EXPECT_GT(shade(1, 1), shade(1, 0) + 80) << "green";
  EXPECT_GT(shade(2, 2), shade(2, 0) + 80) << "blue";
  EXPECT_GT(shade(3, 1), shade(3, 2) + 80) << "yellow";
}

// Whether the bar hides the objects is seen only where both are; elsewhere the two scenes are the same.
TEST(Scene, TheBarIsAlwaysThereAndOnlyDepthDiffers) {
  for (int64_t index = 0; index < 20; ++index) {
    const Tensor in_front = object_mask({.speed = 0, .occlusion = 0}, index),
                 hidden = object_mask({.speed = 0, .occlusion = 1}, index);
    EXPECT_TRUE((hidden <= in_front).all().item<bool>());
    EXPECT_LT(hidden[0].sum().item<double>(), 0.9 * in_front[0].sum().item<double>()) << index;
    EXPECT_GT(hidden[0].sum().item<double>(), 0) << index << ": colour and count stay to be seen";
    const Tensor differ =
        (scene({.speed = 0, .occlusion = 0}, index) != scene({.speed = 0, .occlusion = 1}, index)).any(1);
    EXPECT_TRUE((differ.to(at::kDouble) <= in_front).all().item<bool>());
  }
}

// Frames of the begin are the same whatever happens later.
TEST(Scene, TheFirstFrameTellsNothingOfTheMotion) {
  const Tensor first = scene({})[0];
  for (int64_t direction = 0; direction < 4; ++direction)
    for (int64_t bounce = 0; bounce < 2; ++bounce)
      EXPECT_TRUE(scene({.direction = direction, .speed = direction % 3, .bounce = bounce})[0].equal(first));
}

TEST(Scene, ValuesAreDrawnEquallyOftenWhateverTheOthers) {
  constexpr int64_t kScenes = 6000;
  std::map<std::vector<int64_t>, int64_t> pairs;  // {factor, factor, value, value} -> scenes
  const auto factors = scene_factors();
  for (int64_t i = 0; i < kScenes; ++i) {
    const SceneFactors drawn = draw_factors(0, i);
    for (size_t a = 0; a < factors.size(); ++a)
      for (size_t b = a + 1; b < factors.size(); ++b)
        ++pairs[{static_cast<int64_t>(a), static_cast<int64_t>(b), drawn.*factors[a].member, drawn.*factors[b].member}];
  }
  for (const auto& [key, scenes] : pairs) {
    const auto& a = factors[static_cast<size_t>(key[0])];
    const auto& b = factors[static_cast<size_t>(key[1])];
    const double share = 1.0 / static_cast<double>(a.values.size() * b.values.size());
    const double deviation = std::sqrt(kScenes * share * (1 - share));
    EXPECT_NEAR(static_cast<double>(scenes), kScenes * share, 5 * deviation) << a.name << " " << b.name;
  }
}

TEST(Scene, RefusesASizeBelowOne) {
  EXPECT_THROW(render_scene({}, 0, 0, {.frames = 0}), Error);
  EXPECT_THROW(render_scene({}, 0, 0, {.height = 0}), Error);
}

TEST(Scene, AViolationChangesTheFramesFromItsFirstOn) {
  const SceneFactors factors{.direction = 0, .speed = 1, .count = 1, .colour = 2};
  const Tensor usual = scene(factors);
  const auto violated = [&](const SceneViolation& violation) { return render_scene(factors, 5, 1, kSize, violation); };
  const SceneViolation jump{.at = 4, .right = 0.2}, other{.at = 4, .colour = 0}, stop{.at = 4, .stop = true},
      vanish{.at = 4, .vanish = true};
  for (const SceneViolation& violation : {jump, other, stop, vanish}) {
    const Tensor frames = violated(violation);
    EXPECT_TRUE(at::equal(frames.narrow(0, 0, 4), usual.narrow(0, 0, 4)));
    for (int64_t t = 4; t < 9; ++t) EXPECT_FALSE(at::equal(frames[t], usual[t])) << t;
  }
  EXPECT_TRUE(at::equal(violated(stop)[8], usual[3]));
  SceneFactors red = factors;
  red.colour = 0;
  EXPECT_TRUE(at::equal(violated(other)[6], scene(red)[6]));
  EXPECT_TRUE(at::equal(violated({.at = 4, .right = 1})[5], usual[5])) << "once around the torus";
}

}  // namespace
}  // namespace foresee::data
