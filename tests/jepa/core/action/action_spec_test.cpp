#include "jepa/core/action/action_spec.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"

namespace foresee {
namespace {

ActionSpec spec() { return {.size = 2, .block = 3, .mean = {1.0, -1.0}, .std = {2.0, 4.0}}; }

TEST(ActionSpec, BlocksReturnToTheSameEnvironmentActions) {
  const Tensor actions = at::arange(24, at::kFloat).reshape({2, 2, 3, 2});  // [B, H, block, A]
  const Tensor blocks = spec().normalise(actions);
  EXPECT_EQ(blocks.sizes(), at::IntArrayRef({2, 2, 6}));
  EXPECT_FLOAT_EQ(blocks[0][0][3].item<float>(), (3.0f + 1.0f) / 4.0f);
  EXPECT_TRUE(at::allclose(spec().to_environment(blocks), actions.reshape({2, 6, 2})));
}

TEST(ActionSpec, RefusesActionsOfAnotherSize) {
  EXPECT_THROW(spec().normalise(at::zeros({4, 5})), Error);
  EXPECT_THROW(spec().to_environment(at::zeros({4, 5})), Error);
  ActionSpec bad = spec();
  bad.std = {1.0};
  EXPECT_THROW(bad.validate(), ConfigError);
  bad.std = {1.0, 0.0};
  EXPECT_THROW(bad.validate(), ConfigError);
}

}  // namespace
}  // namespace foresee
