// Claims: a table of success rates says in words when its starts are solved, repeated, or need nothing to be done.
#include "planner/eval/findings/remarks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace foresee::planner {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

EvalResult six_starts(Protocol protocol, int64_t solved) {
  EvalResult result{.env = "two_room", .protocol = protocol};
  for (double i = 0; i < 6; ++i) result.starts.starts.push_back({.state = {i}, .goal = {i + 1}});
  result.starts.solved_at_start = solved;
  return result;
}

MethodResult noop(int64_t successes) {
  MethodResult method{.method = "noop"};
  for (int64_t i = 0; i < 6; ++i) method.trials.push_back({.start = i, .success = i < successes});
  return method;
}

TEST(Remarks, SayWhatProtocolSwmKept) {
  EvalResult result = six_starts(Protocol::kSwm, 6);
  result.methods.push_back(noop(6));
  result.starts.starts[4] = result.starts.starts[1];
  EXPECT_THAT(remarks(result), ElementsAre(HasSubstr("6 of 6 starts are solved"), HasSubstr("1 of 6 starts repeat"),
                                           HasSubstr("doing nothing solves 6 of 6")));
  EXPECT_THAT(remarks(six_starts(Protocol::kSwm, 6)),
              ElementsAre(HasSubstr("6 of 6 starts"), HasSubstr("doing nothing solves 6 of 6")))
      << "it need not be played";
}

TEST(Remarks, AreSilentWhereThereIsNothingToSay) {
  EXPECT_THAT(remarks(six_starts(Protocol::kSwm, 0)), IsEmpty());
  EvalResult near = six_starts(Protocol::kNear, 0);
  near.methods.push_back(noop(2));
  EXPECT_THAT(remarks(near), IsEmpty()) << "the table has the number";
  near.methods[0] = noop(6);
  EXPECT_THAT(remarks(near), ElementsAre(HasSubstr("doing nothing solves 6 of 6")));
}

}  // namespace
}  // namespace foresee::planner
