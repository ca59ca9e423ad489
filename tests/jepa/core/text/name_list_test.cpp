#include "jepa/core/text/name_list.h"

#include <gtest/gtest.h>

#include <vector>

namespace foresee {
namespace {

TEST(NameList, StaysShortHoweverManyThereAre) {
  std::vector<std::string> names{"a", "b", "c"};
  EXPECT_EQ(name_list(names), "a, b, c");
  for (int i = 0; i < 97; ++i) names.emplace_back("x");
  EXPECT_EQ(name_list(names, 3), "a, b, c and 97 more");
  EXPECT_LT(name_list(std::vector<std::string>(1000, std::string(100'000, 'n'))).size(), 3000u);
  EXPECT_EQ(name_list({}), "");
}

TEST(NameList, EscapesNames) { EXPECT_EQ(name_list(std::vector<std::string>{"a\x1b[2J"}), "a\\x1b[2J"); }

}  // namespace
}  // namespace foresee
