#include "planner/env/collect.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "jepa/core/error.h"

namespace foresee::planner {
namespace {

bool same(const data::Episode& a, const data::Episode& b) {
  if (a.id != b.id || !at::equal(a.frames, b.frames) || a.columns.size() != b.columns.size()) return false;
  for (const auto& [name, values] : a.columns)
    if (!at::equal(values.to(at::kDouble).nan_to_num(-9), b.columns.at(name).to(at::kDouble).nan_to_num(-9)))
      return false;
  return true;
}

TEST(Collect, EpisodesAreTheSameForAnyThreadsAndAlone) {
  const CollectConfig config{.size = 32, .seed = 5};
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = generate_episodes(config, 12);
  at::set_num_threads(2);
  const auto two = generate_episodes(config, 12);
  at::set_num_threads(threads);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(same(one[i], two[i])) << i;
  EXPECT_TRUE(same(generate_episode(config, 7), one[7]));
  EXPECT_TRUE(same(generate_episodes(config, 3, /*first_id=*/6)[1], one[7]));
  EXPECT_FALSE(same(generate_episode({.size = 32, .seed = 6}, 7), one[7]));
}

TEST(Collect, SaysHowFarItIsAndStopsWithinAnEpisode) {
  const CollectConfig config{.size = 8, .seed = 5};
  const std::vector<uint64_t> ids{0, 1, 2, 3};
  std::vector<int64_t> seen;
  EXPECT_EQ(generate_episodes(config, ids, {.seen = [&](int64_t done) { seen.push_back(done); }}).size(), 4u);
  EXPECT_EQ(seen, (std::vector<int64_t>{1, 2, 3, 4}));

  std::stop_source stop;
  seen.clear();
  const auto stopped = generate_episodes(config, ids, {.stop = stop.get_token(), .seen = [&](int64_t done) {
                                                         seen.push_back(done);
                                                         stop.request_stop();
                                                       }});
  EXPECT_TRUE(stopped.empty());
  EXPECT_LT(seen.size(), 4u);
}

TEST(Collect, ActionLeavesItsRow) {
  const auto episode = generate_episode({.size = 32, .seed = 5}, 3);
  const Tensor state = episode.columns.at("state"), action = episode.columns.at("action");
  ASSERT_EQ(state.size(0), episode.length());
  ASSERT_EQ(action.size(0), episode.length());
  const auto env = make_env("two_room");
  for (int64_t t = 0; t + 1 < episode.length(); ++t) {
    env->set_state(std::vector<double>{state[t][0].item<double>(), state[t][1].item<double>()});
    EXPECT_TRUE(at::equal(env->render(32).permute({1, 2, 0}), episode.frames[t]));
    env->step(std::vector<double>{action[t][0].item<double>(), action[t][1].item<double>()});
    EXPECT_EQ(env->state()[0], state[t + 1][0].item<double>());
    EXPECT_EQ(env->state()[1], state[t + 1][1].item<double>());
  }
  EXPECT_TRUE(at::isnan(action[-1]).all().item<bool>());
  EXPECT_FALSE(at::isnan(action.slice(0, 0, -1)).any().item<bool>());
}

TEST(Collect, TwoRoomEpisodesAreThePublishedDatasOnAverage) {
  // Recorded over 1,000 episodes of upstream's collector: 91.75 frames an episode, 40.7 % reach the goal. The borders
  // are 2.5 standard errors of 400 episodes.
  const auto episodes = generate_episodes({.size = 16, .seed = 3072}, 400);
  double frames = 0, reached = 0;
  for (const auto& episode : episodes) {
    frames += static_cast<double>(episode.length());
    reached += episode.columns.at("terminated")[-1].item<bool>();
  }
  EXPECT_NEAR(frames / 400, 91.75, 2.5);
  EXPECT_NEAR(reached / 400, 0.407, 0.07);
}

TEST(Collect, UnknownNamesAreErrors) {
  EXPECT_THROW(generate_episode({.env = "two_rooms"}, 0), Error);
  EXPECT_THROW(generate_episode({.policy = "experts"}, 0), Error);
}

}  // namespace
}  // namespace foresee::planner
