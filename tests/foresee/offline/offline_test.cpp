// Claims: by protocol offline a sound model ranks recorded actions high, and falls to chance where the actions of the
// log are shuffled; its imagined ends are the recorded ones; every family that plans is judged; intervals are over
// episodes, and a single episode has none; episodes and members that do not fit are refused.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "data/episode/hdf5/episode_file.h"
#include "foresee/convert.h"
#include "foresee/evaluate/offline/evaluate_offline.h"
#include "foresee/evaluate/offline/figures.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "planner/env/collect.h"
#include "tests/planner/eval/picture_model.h"
#include "tests/support/arm_model.h"
#include "tests/support/refusal.h"
#include "tests/support/silence.h"
#include "tests/support/small_encoder.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

const char* const kModel = "tools/assets/two_room";

std::vector<data::Episode> recorded_walks(int64_t episodes) {
  return planner::generate_episodes({.policy = "random", .seed = 5}, episodes);
}

/// Gives every row the action of another row of any episode.
std::vector<data::Episode> shuffled(std::vector<data::Episode> episodes) {
  std::vector<Tensor> all;
  for (const auto& episode : episodes) all.push_back(episode.columns.at("action").slice(0, 0, -1));
  const Tensor actions = at::cat(all);
  const auto order = Random(3, Stream::kTest).permutation(actions.size(0));
  int64_t next = 0;
  for (auto& episode : episodes) {
    Tensor own = episode.columns.at("action").clone();
    for (int64_t row = 0; row + 1 < own.size(0); ++row) own[row] = actions[order[static_cast<size_t>(next++)]];
    episode.columns["action"] = own;
  }
  return episodes;
}

const EpisodeFigure& figure(const OfflinePlans& plans, const std::string& group, const std::string& name,
                            int64_t blocks) {
  for (const auto& measure : plans.measures)
    if (measure.group == group && measure.name == name) return measure.blocks.at(static_cast<size_t>(blocks - 1));
  throw std::out_of_range(group + " " + name);
}

bool remarks_on(const OfflinePlans& plans, const std::string& text) {
  return std::any_of(plans.remarks.begin(), plans.remarks.end(),
                     [&](const auto& remark) { return says(remark, text); });
}

struct Offline : testing::Test {
  EvaluateRequest request(const std::vector<data::Episode>& episodes, const fs::path& model = kModel) const {
    data::EpisodeWriter writer(folder / "log.h5");
    for (const auto& episode : episodes) writer.add(episode);
    writer.commit();
    EvaluateRequest out{.model = model, .protocol = "offline", .data = {folder / "log.h5"}};
    out.options = {.device = Device::kCpu, .seed = 3, .threads = 1};
    out.options.settings.set = {"starts=48", "horizon=2", "samples=24", "iterations=2", "elites=4"};
    return out;
  }
  OfflinePlans plans(const std::vector<data::Episode>& episodes, const fs::path& model = kModel) const {
    const Silence silence;
    return evaluate(request(episodes, model)).offline->plans;
  }
  TemporaryFolder folder;
};

TEST_F(Offline, RanksTrueActionsHighAndShuffledOnesByChance) {
  const auto episodes = recorded_walks(40);
  EvaluateRequest wanted = request(episodes);
  wanted.out = folder / "out";
  EvaluateResult result;
  {
    const Silence silence;
    result = evaluate(wanted);
  }
  const OfflinePlans& found = result.offline->plans;
  const OfflinePlans wrong = plans(shuffled(episodes));
  for (const int64_t h : {1, 2})
    for (const char* rank : {"rank", "rank_drawn", "rank_recorded"}) {
      SCOPED_TRACE(fmt::format("{} {}", rank, h));
      EXPECT_GT(figure(found, rank, "", h).low, 0.7);
      EXPECT_NEAR(figure(wrong, rank, "", h).mean, 0.5, 0.15);
      EXPECT_LT(figure(wrong, rank, "", h).high, figure(found, rank, "", h).low);
    }
  EXPECT_TRUE(remarks_on(wrong, "do not clearly rank above chance"));
  EXPECT_FALSE(remarks_on(found, "do not clearly rank above chance"));
  EXPECT_GT(figure(found, "retrieval", "model", 1).low, figure(found, "retrieval", "unchanged", 1).high);
  EXPECT_LT(figure(wrong, "retrieval", "model", 1).high, figure(found, "retrieval", "model", 1).low);
  EXPECT_LT(figure(found, "mean_action_distance", "planner", 1).mean,
            figure(found, "mean_action_distance", "mean", 1).low);
  EXPECT_NEAR(found.chance.front(), 1.0 / 48, 0.002);

  const auto written = read_json(folder / "out/results.json").at("result");
  EXPECT_EQ(written, nlohmann::json(offline_json(wanted, *result.offline)));
  EXPECT_EQ(written.at("offline").at("rank").at("h1").at("percentile"), figure(found, "rank", "", 1).mean);
  EXPECT_EQ(written.at("offline").at("retrieval").at("chance").at("h2"), found.chance.back());
  ASSERT_EQ(written.at("episodes").size(), found.episodes.size());
  double sum = 0, starts = 0;  // the whole is the mean of its parts
  for (const auto& row : written.at("episodes")) {
    sum += row.at("rank").at("h1").get<double>() * row.at("starts").get<double>();
    starts += row.at("starts").get<double>();
  }
  EXPECT_NEAR(sum / starts, figure(found, "rank", "", 1).mean, 1e-9);
  EXPECT_EQ(starts, found.starts);
}

TEST_F(Offline, JudgesAModelOfArmPoses) {
  std::vector<data::Episode> episodes;
  for (uint64_t e = 0; e < 20; ++e) {
    const Random random(7, Stream::kTest, e);
    data::Episode episode{.id = e, .frames = (random.uniform_tensor({14, 32, 32, 3}) * 255).to(at::kByte)};
    episode.columns["action"] = at::zeros({14, kArmPoseSize});  // not looked at: poses say what was done
    episode.columns["state"] = (random.normal_tensor({14, kArmPoseSize}, 100000) * 0.02).cumsum(0);
    episodes.push_back(episode);
  }
  const OfflinePlans found = plans(episodes, write_arm_model(folder / "arm"));
  EXPECT_EQ(found.history, 1);
  EXPECT_TRUE(remarks_on(found, "do not clearly rank above chance")) << "its weights are random";
  for (const auto& measure : found.measures)
    for (const auto& blocks : measure.blocks) EXPECT_TRUE(std::isfinite(blocks.mean)) << measure.group << measure.name;
}

TEST_F(Offline, ASingleEpisodeHasNoInterval) {
  const OfflinePlans found = plans(recorded_walks(1));
  EXPECT_EQ(found.episodes.size(), 1u);
  EXPECT_TRUE(remarks_on(found, "one episode is judged"));
  EXPECT_TRUE(remarks_on(found, "none of 1 episodes is held out: prediction and probes are left out"));
  EXPECT_TRUE(remarks_on(found, "nearest_neighbour has no value"));
  const EpisodeFigure& rank = figure(found, "rank", "", 1);
  EXPECT_GT(rank.mean, 0.7) << "other times of the same episode are the candidates";
  EXPECT_TRUE(std::isnan(rank.low) && std::isnan(rank.high));
  EXPECT_EQ(figure(found, "action_distance", "nearest_neighbour", 1).n, 0);
}

TEST_F(Offline, LeavesOutRowsWithoutNumbers) {
  auto episodes = recorded_walks(12);
  for (auto& episode : episodes)
    for (int64_t row = 25; row < std::min<int64_t>(60, episode.length()); ++row)
      episode.columns.at("action")[row].fill_(std::nan(""));
  const OfflinePlans found = plans(episodes);
  for (const auto& measure : found.measures)
    for (const auto& blocks : measure.blocks) {
      EXPECT_TRUE(std::isfinite(blocks.mean)) << measure.group << measure.name;
      EXPECT_EQ(blocks.n, found.starts);
    }
  EXPECT_GT(figure(found, "rank", "", 1).mean, 0.8) << "NaN did not become an action of 0";
  for (auto& episode : episodes) episode.columns.at("action").fill_(std::nan(""));
  const std::string none = refusal_of<DataError>([&] { evaluate(request(episodes)); });
  EXPECT_TRUE(says(none, "holds no row of numbers")) << none;
}

TEST_F(Offline, RefusesWhatDoesNotFit) {
  const auto episodes = recorded_walks(12);
  auto other = episodes;
  for (auto& episode : other) {
    const Tensor action = episode.columns.at("action");
    episode.columns["action"] = at::cat({action, action}, 1);
  }
  EXPECT_TRUE(says(refusal_of<DataError>([&] { evaluate(request(other)); }), "4"));
  save_small_encoder(folder / "encoder");
  const std::string family = refusal_of<CheckpointError>([&] { evaluate(request(episodes, folder / "encoder")); });
  EXPECT_TRUE(says(family, "lewm") && says(family, "vjepa2_ac")) << family;
  fs::copy(kModel, folder / "model");
  write_json(folder / "model/training_set.json", {{"rows_per_second", 5.0}});
  EvaluateRequest slower = request(episodes, folder / "model");
  convert({.inputs = slower.data, .out = folder / "set", .format = ConvertRequest::Format::kLeRobot});
  slower.data = {folder / "set"};
  const std::string rate = refusal_of<DataError>([&] { evaluate(slower); });
  EXPECT_TRUE(says(rate, "have 10 rows per second") && says(rate, "episodes of 5")) << rate;
  const auto member_of = [](const EvaluateRequest& wanted) -> std::string {
    return refused_member([&] { evaluate(wanted); });
  };
  EvaluateRequest wanted = request(episodes);
  wanted.episodes = 0;
  EXPECT_EQ(member_of(wanted), "episodes");
  wanted = request(episodes);
  wanted.env = "two_room";
  EXPECT_EQ(member_of(wanted), "env");
  wanted = request(episodes);
  wanted.options.settings.set.push_back("elites=25");
  EXPECT_THROW(evaluate(wanted), ConfigError);
  wanted.options.settings.set.back() = "startz=3";
  EXPECT_THROW(evaluate(wanted), ConfigError);
}

TEST(EpisodeFigure, CountsEpisodesNotStarts) {
  // Four episodes of 50 equal values: as starts they would be 200 independent numbers.
  const std::vector<double> levels{0, 1, 0, 1};
  std::vector<int64_t> episode;
  std::vector<double> values;
  for (size_t e = 0; e < levels.size(); ++e)
    for (int i = 0; i < 50; ++i) episode.push_back(static_cast<int64_t>(e)), values.push_back(levels[e]);
  const EpisodeFigure found = episode_figure(torch::tensor(values, at::kDouble), episode, 1);
  EXPECT_EQ(found.mean, 0.5);
  EXPECT_EQ(found.n, 200);
  EXPECT_EQ(found.episodes, 4);
  EXPECT_LT(found.low, 0.3);
  EXPECT_GT(found.high, 0.7);
  const Tensor one_unknown = at::cat({torch::tensor({std::nan("")}, at::kDouble), at::ones({3}, at::kDouble)});
  EXPECT_EQ(episode_figure(one_unknown, {0, 1, 1, 2}, 1).episodes, 2);
}

}  // namespace
}  // namespace foresee
