// Claims: what a factor may be is read as it is documented, a value is held against it, and what is no such text is
// refused in one line.
#include "jepa/core/text/factor_spec.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"

namespace foresee {
namespace {

bool holds(const char* text, std::vector<double> value) { return parse_factor_spec(text, "test").holds(value); }

TEST(FactorSpec, ReadsRangesListsAndNames) {
  const FactorSpec range = parse_factor_spec("two_room.door_position=30..190", "test");
  EXPECT_EQ(range.key, "two_room.door_position");
  ASSERT_EQ(range.options.size(), 1u);
  EXPECT_EQ(range.options[0].numbers[0].low, 30);
  EXPECT_EQ(range.options[0].numbers[0].high, 190);
  EXPECT_TRUE(range.options[0].numbers[0].whole);
  EXPECT_FALSE(parse_factor_spec("a.b=-0.5..1.5", "test").options[0].numbers[0].whole);
  const FactorSpec colours = parse_factor_spec("a.b=[0..255,0,9],[1,2,3]", "test");
  ASSERT_EQ(colours.options.size(), 2u);
  EXPECT_EQ(colours.options[0].numbers.size(), 3u);
  EXPECT_TRUE(colours.options[1].list);
  const FactorSpec names = parse_factor_spec("push_t.block.shape=T,L", "test");
  EXPECT_EQ(names.key, "push_t.block_shape") << "stable-worldmodel's dots";
  EXPECT_TRUE(names.options[1].numbers.empty());
  EXPECT_TRUE(parse_factor_spec("a.b=any", "test").any);
  EXPECT_EQ(parse_factor_spec("process.variation.light.x=1", "test").key, "process.variation.light.x");
}

TEST(FactorSpec, HoldsWhatLiesInside) {
  EXPECT_TRUE(holds("a.b=90..120", {90}));
  EXPECT_TRUE(holds("a.b=90..120", {120, 0, 0})) << "the first number of a list counts";
  EXPECT_FALSE(holds("a.b=90..120", {121}));
  EXPECT_TRUE(holds("a.b=30,50", {50}));
  EXPECT_FALSE(holds("a.b=30,50", {40}));
  EXPECT_TRUE(holds("a.b=[0..9,5,5]", {9, 5, 5}));
  EXPECT_FALSE(holds("a.b=[0..9,5,5]", {9, 5, 6}));
  EXPECT_FALSE(holds("a.b=[0..9,5,5]", {9}));
}

TEST(FactorSpec, RefusesOthers) {
  for (const char* text :
       {"", "a.b", "=3", "a.b=", "a.b=3,,4", "a.b=9..3", "a.b=1..x", "a.b=[1,2", "a.b=[[1]]", "a.b=[1,x]", "a.b=3]"})
    EXPECT_THROW(parse_factor_spec(text, "test"), ConfigError) << text;
}

}  // namespace
}  // namespace foresee
