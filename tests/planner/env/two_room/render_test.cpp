#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "data/picture/resize.h"
#include "jepa/io/safetensors.h"
#include "planner/env/two_room/two_room.h"

namespace foresee::planner {
namespace {

/// Upstream's dot in tensor operations: blends it into float [3, 224, 224] and cuts to whole numbers.
Tensor blend(const Tensor& picture, TwoRoom::Point p, double radius, const std::vector<int64_t>& color) {
  const Tensor grid = at::arange(224, at::kFloat);
  const Tensor dx = (grid - p[0]).unsqueeze(0), dy = (grid - p[1]).unsqueeze(1);
  Tensor alpha = at::exp(-(dx * dx + dy * dy) / (2.0 * radius * radius));
  alpha = (alpha / alpha.max()).clamp(0, 1);
  Tensor out = picture.to(at::kFloat);
  for (int64_t c = 0; c < 3; ++c)
    out[c].copy_(out[c] * (1.0 - alpha) + static_cast<double>(color[static_cast<size_t>(c)]) * alpha);
  return out.to(at::kByte);
}

TwoRoom::Point draw_point(RandomSequence& random, double low, double high) {
  return {static_cast<float>(random.uniform(low, high)), static_cast<float>(random.uniform(low, high))};
}

std::vector<TwoRoomConfig> envs() {
  std::vector<TwoRoomConfig> envs(4);
  envs[1].wall_axis = WallAxis::kHorizontal;
  envs[1].agent_radius = 14;
  envs[2].agent_color = {30, 120, 200};
  envs[2].background_color = {200, 3, 17};
  envs[2].render_target = true;
  envs[3].doors = 3;
  envs[3].door_position = {40, 110, 180};
  envs[3].door_color = {1, 2, 3};
  envs[3].agent_radius = 9.5;
  return envs;
}

void place(TwoRoom& room, const TwoRoom::Point& agent) { room.set_state(std::vector<double>{agent[0], agent[1]}); }

TEST(TwoRoomPicture, DotIsUpstreamsFormula) {
  RandomSequence random(Random(11, Stream::kTest));
  for (const auto& config : envs()) {
    TwoRoomConfig bare = config;
    bare.render_target = false;
    for (int i = 0; i < 8; ++i) {
      TwoRoom room(bare);
      place(room, {-4000, -4000});  // nothing drawn: the rooms alone
      const Tensor rooms = room.render(224);
      const auto agent = draw_point(random, i == 0 ? -20 : 14, 209);
      place(room, agent);
      const Tensor expected = blend(rooms, agent, bare.agent_radius, bare.agent_color).to(at::kInt);
      const Tensor difference = (room.render(224).to(at::kInt) - expected).abs();
      EXPECT_LE(difference.max().item<int>(), 1);
      EXPECT_LE(difference.sum().item<int64_t>(), 15);  // of 150,528: exponentials that the libraries round differently
    }
  }
}

TEST(TwoRoomPicture, SmallPictureIsTheFullOneResized) {
  RandomSequence random(Random(12, Stream::kTest));
  for (const auto& config : envs()) {
    TwoRoom room(config);
    for (int i = 0; i < 40; ++i) {
      place(room, draw_point(random, i % 10 == 0 ? -60 : 14, i % 10 == 0 ? 280 : 209));
      const Tensor full = room.render(224);
      for (const int64_t size : {64, 96, 224, 300})
        ASSERT_TRUE(at::equal(room.render(size), data::resize_pillow_bilinear(full, size, size)))
            << size << " at " << room.agent()[0] << ", " << room.agent()[1];
    }
  }
}

TEST(TwoRoomPicture, GoalPictureShowsTheAgentAtTheGoal) {
  for (const auto& config : envs()) {
    TwoRoom room(config);
    room.set_goal(std::vector<double>{150, 90});
    const Tensor goal = room.render_goal(64);
    EXPECT_FALSE(at::equal(goal, room.render(64)));
    place(room, room.target());
    EXPECT_TRUE(at::equal(goal, room.render(64)));
  }
}

TEST(TwoRoomPicture, DrawnTargetFollowsTheGoal) {
  TwoRoomConfig config;
  config.render_target = true;
  TwoRoom room(config);
  const Tensor before = room.render(64);
  room.set_goal(std::vector<double>{150, 190});
  EXPECT_FALSE(at::equal(before, room.render(64)));
}

TEST(PillowResize, IsPillowsOnRecordedPictures) {
  const auto io = load_safetensors("tests/fixtures/env/two_room/io.safetensors");
  const Tensor full = io.at("frames.pixels"), small = io.at("frames.pixels_64");
  for (int64_t i = 0; i < full.size(0); ++i) {
    EXPECT_TRUE(at::equal(data::resize_pillow_bilinear(full[i], 64, 64, /*channels_last=*/true), small[i])) << i;
    const Tensor planar = data::resize_pillow_bilinear(full[i].permute({2, 0, 1}), 64, 64);
    EXPECT_TRUE(at::equal(planar.permute({1, 2, 0}), small[i])) << i;
  }
}

}  // namespace
}  // namespace foresee::planner
