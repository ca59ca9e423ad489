#include "planner/env/two_room/two_room.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "planner/env/rollout.h"

namespace foresee::planner {
namespace {

TwoRoom room_at(std::vector<double> agent, std::vector<double> goal, TwoRoomConfig config = {}) {
  TwoRoom room(std::move(config));
  room.set_state(agent);
  room.set_goal(goal);
  return room;
}

RandomSequence sequence(uint64_t step) { return RandomSequence(Random(7, Stream::kTest, step)); }

/// Steps until the goal or `budget`; the number of steps, or nothing.
std::optional<int> run(Env& env, Policy& policy, int budget) {
  auto random = sequence(99);
  for (int t = 1; t <= budget; ++t)
    if (env.step(policy.act(env, random))) return t;
  return std::nullopt;
}

TEST(TwoRoom, ResetPutsTheGoalInTheOtherRoomAtLeastTwentyFiveStepsAway) {
  for (uint64_t episode = 0; episode < 200; ++episode) {
    TwoRoom room;
    auto random = sequence(episode);
    room.reset(random);
    EXPECT_NE(room.agent()[0] < 112, room.target()[0] < 112);
    EXPECT_FALSE(room.solved());
    const double through_door = std::hypot(room.agent()[0] - 112, room.agent()[1] - 49) +
                                std::hypot(room.target()[0] - 112, room.target()[1] - 49);
    EXPECT_GE(through_door, 25 * 5);
  }
}

TEST(TwoRoom, ResetAnywhereAlsoDrawsGoalsInTheSameRoom) {
  int same = 0;
  for (uint64_t episode = 0; episode < 100; ++episode) {
    TwoRoomConfig config;
    config.goal_rule = GoalRule::kAny;
    TwoRoom room(config);
    auto random = sequence(episode);
    room.reset(random);
    same += (room.agent()[0] < 112) == (room.target()[0] < 112);
  }
  EXPECT_GT(same, 30);
  EXPECT_LT(same, 70);
}

TEST(TwoRoom, ExpertReachesEveryGoalItResetsTo) {
  for (const WallAxis axis : {WallAxis::kVertical, WallAxis::kHorizontal}) {
    TwoRoomConfig config;
    config.wall_axis = axis;
    for (uint64_t episode = 0; episode < 50; ++episode) {
      TwoRoom room(config);
      auto random = sequence(episode);
      room.reset(random);
      TwoRoomExpert expert;
      EXPECT_TRUE(run(room, expert, 100)) << static_cast<int>(axis) << " " << episode;
    }
  }
}

TEST(TwoRoom, DistanceIsTheStraightLineWithinARoom) {
  EXPECT_NEAR(room_at({30, 40}, {60, 80}).distance_to_goal(), 50, 1e-9);
  EXPECT_NEAR(room_at({60, 80}, {60, 80}).distance_to_goal(), 0, 1e-9);
}

TEST(TwoRoom, DistanceGoesThroughTheDoorAndIsStraightWhereItCanBe) {
  EXPECT_NEAR(room_at({60, 50}, {170, 50}).distance_to_goal(), 110, 1e-9);
  // Bent at both lower corners of the opening: (100, 64.75) and (124, 64.75).
  const double leg = std::hypot(40, 200 - 64.75);
  EXPECT_NEAR(room_at({60, 200}, {164, 200}).distance_to_goal(), 2 * leg + 24, 1e-9);
}

TEST(TwoRoom, DistanceTakesTheNearerOfTwoDoors) {
  TwoRoomConfig config;
  config.doors = 2;
  config.door_position = {49, 170, 49};
  EXPECT_NEAR(room_at({60, 170}, {170, 170}, config).distance_to_goal(), 110, 1e-9);
}

TEST(TwoRoom, DistanceIsContinuousAlongAPathThroughTheDoor) {
  const double move = 0.25;
  auto room = room_at({80, 100}, {180, 180});
  double before = room.distance_to_goal();
  // Up along the wall, through the door, and down: never a jump larger than the move.
  for (int i = 0; i < 800; ++i) {
    auto p = room.state();
    if (p[0] < 90)
      p[0] += move;
    else if (p[1] > 50 && p[0] < 112)
      p[1] -= move;
    else if (p[0] < 180)
      p[0] += move;
    else
      p[1] += move;
    room.set_state(p);
    EXPECT_LE(std::abs(room.distance_to_goal() - before), move + 1e-4) << p[0] << " " << p[1];
    before = room.distance_to_goal();
  }
}

TEST(TwoRoom, ShortestWayIsNoLongerThanWhatTheExpertWalks) {
  for (uint64_t episode = 0; episode < 100; ++episode) {
    TwoRoom room;
    auto random = sequence(episode);
    room.reset(random);
    const double shortest = room.distance_to_goal();
    TwoRoomExpert expert;
    const auto steps = run(room, expert, 100);
    ASSERT_TRUE(steps);
    // The last step ends within 16 pixels; corners may be cut by less than a step each.
    EXPECT_LE(shortest, *steps * 5.0 + 16 + 10);
  }
}

TEST(TwoRoom, AnAgentInsideTheWallCountsFromWhereTheNextStepPutsIt) {
  EXPECT_NEAR(room_at({110, 120}, {60, 120}).distance_to_goal(), 50, 1e-9);
}

TEST(TwoRoom, CloneIsIndependent) {
  auto room = room_at({60, 60}, {170, 60});
  const auto copy = room.clone();
  const std::vector<double> right{1, 0};
  copy->step(right);
  EXPECT_EQ(room.state(), (std::vector<double>{60, 60}));
  EXPECT_EQ(copy->state(), (std::vector<double>{65, 60}));
  EXPECT_EQ(copy->goal(), room.goal());
}

TEST(TwoRoom, RefusesWhatIsNoWorld) {
  TwoRoomConfig config;
  config.doors = 3;
  config.door_position = {49};
  EXPECT_THROW(TwoRoom{config}, ConfigError);
  EXPECT_THROW(TwoRoom().step(std::vector<double>{1}), Error);
  EXPECT_THROW(TwoRoom().set_state(std::vector<double>{NAN, 1}), Error);
  EXPECT_THROW(make_env("two_rooms"), Error);
  EXPECT_THROW(make_policy("two_room", "experts"), Error);
}

TEST(RolloutCosts, AreTheDistanceAfterTheLastActionAndTheSameForAnyThreads) {
  const auto room = room_at({60, 150}, {170, 150});
  const Tensor actions = Random(3, Stream::kTest).uniform_tensor({200, 20, 2}) * 2 - 1;
  const Tensor costs = rollout_costs(room, actions);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  EXPECT_TRUE(at::equal(costs, rollout_costs(room, actions)));
  at::set_num_threads(threads);
  TwoRoom env = room;
  for (int64_t t = 0; t < 20; ++t)
    env.step(std::vector<double>{actions[5][t][0].item<double>(), actions[5][t][1].item<double>()});
  EXPECT_FLOAT_EQ(costs[5].item<float>(), static_cast<float>(env.distance_to_goal()));
  EXPECT_EQ(room.state(), (std::vector<double>{60, 150}));
}

TEST(RolloutCosts, ArrivingEarlierIsCheaper) {
  const auto room = room_at({60, 150}, {60, 180});
  const Tensor actions = at::zeros({3, 10, 2});
  actions.select(0, 0).select(1, 1).fill_(1.0);
  actions.select(0, 1).select(1, 1).fill_(0.5);
  const Tensor costs = rollout_costs(room, actions);
  EXPECT_FLOAT_EQ(costs[0].item<float>(), -7);  // 3 steps to come within 16 pixels
  EXPECT_FLOAT_EQ(costs[1].item<float>(), -4);
  EXPECT_FLOAT_EQ(costs[2].item<float>(), 30);
}

}  // namespace
}  // namespace foresee::planner
