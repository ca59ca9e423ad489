// Claims beside the recorded steps (eb_jepa in push_t_parity_test): rooms, goals, the way through the door, pictures.
#include "planner/env/two_room/dot_wall.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>

#include "jepa/core/error.h"

namespace foresee::planner {
namespace {

TEST(DotWall, ResetPutsStartAndGoalInDifferentRooms) {
  DotWall room;
  std::set<float> walls;
  for (uint64_t i = 0; i < 50; ++i) {
    RandomSequence random(Random(1, Stream::kTest, i));
    room.reset(random);
    EXPECT_NE(room.dot()[0] < room.wall_x(), room.goal()[0] < room.wall_x());
    walls.insert(room.wall_x());
  }
  EXPECT_GT(walls.size(), 10u);
  EXPECT_GE(*walls.begin(), 20);
  EXPECT_LE(*walls.rbegin(), 44);
}

TEST(DotWall, ExpertGoesThroughTheDoor) {
  for (const auto& config : {DotWallConfig{}, dino_wm_wall()}) {
    DotWall room(config);
    for (uint64_t i = 0; i < 30; ++i) {
      RandomSequence random(Random(2, Stream::kTest, i));
      room.reset(random);
      const double way = room.distance_to_goal();
      DotWallExpert expert;
      int steps = 0;
      while (steps < 200 && !room.step(expert.act(room, random))) ++steps;
      EXPECT_LT(steps, 200) << i;
      EXPECT_GE((steps + 1) * config.action_bound * config.action_scale * 1.5 + 5, way);
    }
  }
}

TEST(DotWall, ALongMoveEndsInFrontOfTheWall) {
  DotWall room;
  room.set_state(std::vector<double>{20, 50, 32, 18});
  room.set_goal(std::vector<double>{50, 50});
  for (int i = 0; i < 20; ++i) room.step(std::vector<double>{30, 0});
  EXPECT_LT(room.dot()[0], 31);
  EXPECT_GT(room.distance_to_goal(), 60) << "the way leads through the door at y = 18";
}

TEST(DotWall, CopyBouncesAsTheOriginal) {
  DotWall room;
  RandomSequence random(Random(3, Stream::kTest));
  room.reset(random);
  const auto copy = room.clone();
  for (int i = 0; i < 30; ++i) {
    const std::vector<double> action{i % 2 ? 2.4 : -2.4, 2.0};
    room.step(action);
    copy->step(action);
  }
  EXPECT_EQ(copy->state(), room.state());
}

TEST(DotWall, PicturesHaveADotAndAWall) {
  DotWall rooms, wall(dino_wm_wall());
  const Tensor plain = rooms.render(65), colour = wall.render(65);
  EXPECT_GT(plain[0].max().item<int>(), 200);
  EXPECT_EQ(plain[2].max().item<int>(), 0);
  EXPECT_EQ(colour.select(1, 5).select(1, 20).sum().item<int64_t>(), 3 * 255);
  EXPECT_EQ(colour.select(1, 60).select(1, 32).sum().item<int64_t>(), 0) << "the wall is black";
  EXPECT_EQ(rooms.render(224).sizes(), (std::vector<int64_t>{3, 224, 224}));
}

TEST(DotWall, RefusesAWallInTheBorder) { EXPECT_THROW(DotWall({.wall_width = 15, .wall_x = 4}), ConfigError); }

}  // namespace
}  // namespace foresee::planner
