// Claims: what was used last is kept, what was not used for longest is made anew.
#include "jepa/core/recently_used.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace foresee {
namespace {

TEST(RecentlyUsed, KeepsTheKeysThatWereAskedForLast) {
  RecentlyUsed<int, std::string> kept(2);
  std::vector<int> made;
  const auto get = [&](int key) {
    return kept.get(key, [&] {
      made.push_back(key);
      return std::to_string(key);
    });
  };
  for (const int key : {1, 2, 1, 3, 1, 2}) EXPECT_EQ(get(key), std::to_string(key));
  EXPECT_EQ(made, (std::vector<int>{1, 2, 3, 2})) << "2 went when 3 came, since 1 had been used after it";
}

TEST(RecentlyUsed, AFailureToMakeLeavesWhatWasKept) {
  RecentlyUsed<int, int> kept(1);
  kept.get(1, [] { return 10; });
  EXPECT_THROW(kept.get(2, []() -> int { throw 0; }), int);
  EXPECT_EQ(kept.get(1, [] { return 11; }), 10);
}

}  // namespace
}  // namespace foresee
