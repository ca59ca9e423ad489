// Claims: limits of one's own take the place of the data's, but what never moved stays.
#include "jepa/core/action/action_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jepa/core/error.h"

namespace foresee {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

ActionSpec from_data() { return {.size = 2, .low = {-0.8, 0.5}, .high = {0.7, 0.5}}; }

TEST(ActionLimits, OneNumberIsForAll) {
  ActionSpec spec = from_data();
  set_limits(spec, {-1}, {0.5, 2});
  EXPECT_EQ(spec.low, (std::vector<double>{-1, 0.5}));
  EXPECT_EQ(spec.high, (std::vector<double>{0.5, 0.5})) << "the second never moved";
  set_limits(spec, {}, {});
  EXPECT_EQ(spec.low, (std::vector<double>{-1, 0.5}));
  ActionSpec free{.size = 2};
  set_limits(free, {-1}, {1});
  EXPECT_EQ(free.high, (std::vector<double>{1, 1}));
}

TEST(ActionLimits, RefuseWhatCannotBe) {
  const auto with = [](std::vector<double> low, std::vector<double> high) {
    return [=] {
      ActionSpec spec = from_data();
      set_limits(spec, low, high);
    };
  };
  EXPECT_THAT(with({1, 2, 3}, {}), ThrowsMessage<ConfigError>(HasSubstr("expected 2 numbers")));
  EXPECT_THAT(with({1}, {-1}), ThrowsMessage<ConfigError>(HasSubstr("number 0 has limits [1, -1]")));
  EXPECT_THAT(with({-1}, {0.25}), ThrowsMessage<ConfigError>(HasSubstr("always 0.5 in the data")));
  EXPECT_THROW((ActionSpec{.size = 1, .low = {2}, .high = {1}}.validate()), ConfigError);
}

TEST(ActionLimits, CutActions) {
  const Tensor cut = within_limits(from_data(), at::tensor({-2.0, 9.0, 0.1, 0.2}, at::kDouble).view({2, 2}));
  EXPECT_TRUE(at::equal(cut, at::tensor({-0.8, 0.5, 0.1, 0.5}, at::kDouble).view({2, 2})));
}

}  // namespace
}  // namespace foresee
