#include "planner/eval/starts.h"

#include <gtest/gtest.h>

#include <set>

#include "data/episode/hdf5/episode_file.h"
#include "data/episode/split.h"
#include "jepa/core/error.h"
#include "planner/env/push_t/physics.h"
#include "tests/support/stop_after.h"
#include "tests/support/temporary_folder.h"

namespace foresee::planner {
namespace {

bool same(const Start& a, const Start& b) { return a.state == b.state && a.goal == b.goal; }

bool solved(const Start& start) {
  const auto env = make_env("two_room");
  env->set_goal(start.goal);
  env->set_state(start.state);
  return env->solved();
}

TEST(NearStarts, ComeFromHeldOutEpisodesAndAreNotSolved) {
  const StartSet set = near_starts("two_room", /*seed=*/7, /*count=*/60, /*offset=*/25);
  ASSERT_EQ(set.starts.size(), 60u);
  std::set<std::pair<int64_t, int64_t>> rows;
  for (const auto& start : set.starts) {
    EXPECT_TRUE(data::held_out(static_cast<uint64_t>(*start.episode)));
    EXPECT_FALSE(solved(start));
    rows.insert({*start.episode, *start.row});
  }
  EXPECT_EQ(rows.size(), 60u) << "no row is taken twice";
  EXPECT_GT(set.excluded_solved, 0) << "a noisy expert often stays within 16 pixels for 25 steps";
}

TEST(NearStarts, SayHowFarTheyAreAndStopWhenAsked) {
  StopAfter watch(-1);
  const CollectConfig collect = usual_collection("two_room");
  EXPECT_EQ(near_starts(collect, 5, 25, watch.control()).starts.size(), 5u);
  EXPECT_EQ(watch.updates.back().label, "starts");
  EXPECT_EQ(watch.updates.back().done, watch.updates.back().total);
  EXPECT_TRUE(watch.updates.back().finished);
  StopAfter stop(3);
  EXPECT_TRUE(near_starts(collect, 5, 25, stop.control()).starts.empty());
  EXPECT_LT(stop.updates.back().done, stop.updates.back().total);
}

TEST(NearStarts, AreReachableInTheirOffset) {
  for (const auto& start : near_starts("two_room", 7, 30, 4).starts) {
    const double dx = start.state[0] - start.goal[0], dy = start.state[1] - start.goal[1];
    // Four steps of at most five pixels an axis; the first may also be pushed off the border, by seven.
    EXPECT_LT(std::hypot(dx, dy), (4 * 5 + 7) * std::sqrt(2.0) + 1e-3);
  }
}

TEST(NearStarts, AreTheFirstOfMoreAndDependOnTheSeed) {
  const auto few = near_starts("two_room", 3, 10, 25).starts, many = near_starts("two_room", 3, 40, 25).starts;
  for (size_t i = 0; i < few.size(); ++i) EXPECT_TRUE(same(few[i], many[i])) << i;
  EXPECT_FALSE(same(few[0], near_starts("two_room", 4, 10, 25).starts[0]));
}

TEST(FarStarts, LieInOppositeRoomsWhereTheAgentCanStand) {
  const StartSet set = far_starts("two_room", 7, 200);
  ASSERT_EQ(set.starts.size(), 200u);
  double shortest = 1e9;
  for (const auto& start : set.starts) {
    EXPECT_NE(start.state[0] < 112, start.goal[0] < 112);
    for (const auto* place : {&start.state, &start.goal})
      for (const double x : *place) {
        EXPECT_GE(x, 21);
        EXPECT_LE(x, 203);
      }
    EXPECT_FALSE(solved(start));
    const auto env = make_env("two_room");
    env->set_goal(start.goal);
    env->set_state(start.state);
    shortest = std::min(shortest, env->distance_to_goal());
  }
  EXPECT_LT(shortest, 120) << "no least distance, as in the recorded list (77 .. 286 pixels)";
}

TEST(NearStarts, OfAFileComeFromItsHeldOutEpisodes) {
  if (!data::hdf5_available()) GTEST_SKIP() << "built without HDF5";
  const TemporaryFolder folder;
  const auto file = folder / "two_room.h5";
  CollectConfig collect{.size = 8, .seed = 11};
  data::EpisodeWriter writer(file);
  for (const auto& episode : generate_episodes(collect, 60)) writer.add(episode);
  writer.commit();
  collect.seed = 1;  // draws the rows; the episodes are the file's
  const StartSet set = near_starts(collect, file, 20, 25);
  collect.seed = 11;
  for (const auto& start : set.starts) {
    ASSERT_TRUE(data::held_out(static_cast<uint64_t>(*start.episode)));
    const Tensor states = generate_episode(collect, static_cast<uint64_t>(*start.episode)).columns.at("state");
    for (int64_t i = 0; i < 2; ++i) {
      EXPECT_EQ(states[*start.row][i].item<double>(), start.state[static_cast<size_t>(i)]);
      EXPECT_EQ(states[*start.row + 25][i].item<double>(), start.goal[static_cast<size_t>(i)]);
    }
  }
}

TEST(NearStarts, AnyEnvironmentHasThem) {
  std::vector<std::string> names{"eb_two_room", "wall"};
  if (push_t_available()) names.push_back("push_t");
  for (const auto& name : names) {
    CollectConfig collect = usual_collection(name);
    collect.max_steps = 40;
    if (name == "push_t") collect.policy = "weak";  // a search would take a minute
    for (const auto& start : near_starts(collect, 5, 25).starts) {
      const auto env = make_env(name);
      env->set_goal(start.goal);
      env->set_state(start.state);
      EXPECT_FALSE(env->solved()) << name;
    }
  }
}

TEST(FarStarts, AreTheFirstOfMoreAndDependOnTheSeed) {
  const auto few = far_starts("two_room", 3, 5).starts, many = far_starts("two_room", 3, 20).starts;
  for (size_t i = 0; i < few.size(); ++i) EXPECT_TRUE(same(few[i], many[i])) << i;
  EXPECT_FALSE(same(few[0], far_starts("two_room", 4, 5).starts[0]));
}

}  // namespace
}  // namespace foresee::planner
