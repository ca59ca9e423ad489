// Claims: episodes are held out by the value of a factor, what is held out is never trained on, the model folder's
// record says where a value lies, episodes are known again by what they hold, and data that cannot be split that way
// are refused.
#include "data/episode/training_set/factors.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "data/episode/dataset.h"
#include "data/episode/split.h"
#include "data/episode/training_set/contents.h"
#include "data/episode/training_set/pace.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

const char* const kColumn = "variation.two_room.door_position";

/// 60 episodes of 4 rows; the doors 30, 100 and 150 in turn.
EpisodeDataset three_doors(bool with_column = true) {
  std::vector<Episode> episodes;
  for (uint64_t id = 0; id < 60; ++id) {
    Episode episode{.id = id, .frames = at::zeros({4, 8, 8, 3}, at::kByte), .columns = {}, .task = ""};
    episode.columns["action"] = at::zeros({4, 2});
    const double door = std::vector<double>{30, 100, 150}[id % 3];
    if (with_column) episode.columns[kColumn] = at::full({4, 3}, door);
    episodes.push_back(std::move(episode));
  }
  return EpisodeDataset(std::move(episodes));
}

TEST(Factors, AreKeptFromTraining) {
  EpisodeDataset dataset = three_doors();
  const auto before = dataset.episodes_of(Split::kTrain).size();
  dataset.hold_out({"two_room.door_position=90..120"});
  const auto trained = dataset.episodes_of(Split::kTrain), judged = dataset.episodes_of(Split::kHeldOut);
  EXPECT_LT(trained.size(), before);
  EXPECT_EQ(trained.size() + judged.size(), 60u);
  for (const int64_t e : trained) EXPECT_NE(dataset.column(e, kColumn, 0, 1)[0][0].item<double>(), 100);
  const ClipShape shape{.frames = 2, .frameskip = 1, .columns = {}};
  for (const auto& clip : dataset.clips(shape, Split::kTrain))
    EXPECT_NE(dataset.column(clip.episode, kColumn, 0, 1)[0][0].item<double>(), 100);
}

TEST(Factors, RefuseASplitThatIsNone) {
  EXPECT_THROW(three_doors().hold_out({"two_room.door_position=0..223"}), DataError) << "nothing to train on";
  EXPECT_THROW(three_doors().hold_out({"two_room.door_position=40..60"}), DataError) << "nothing to judge by";
  EXPECT_THROW(three_doors().hold_out({"two_room.door_size=14"}), DataError) << "no such column";
  EXPECT_THROW(three_doors(false).hold_out({"two_room.door_position=30"}), DataError);
  EXPECT_THROW(three_doors().hold_out({"two_room.door_position"}), ConfigError);
}

TEST(Factors, SayWhereAValueLies) {
  EpisodeDataset dataset = three_doors();
  const std::vector<std::string> held{"two_room.door_position=90..120"};
  dataset.hold_out(held);
  const auto record = training_set_json(dataset, held);
  EXPECT_EQ(held_out_factors(record), held);
  const auto place = [&](double door) { return factor_place(record, "two_room.door_position", {door, door, door}); };
  EXPECT_EQ(place(30), FactorPlace::kTrained);
  EXPECT_EQ(place(100), FactorPlace::kInterpolated);
  EXPECT_EQ(place(40), FactorPlace::kInterpolated);
  EXPECT_EQ(place(160), FactorPlace::kExtrapolated);
  EXPECT_EQ(factor_place(record, "two_room.door_size", {1}), FactorPlace::kUnknown);
  EXPECT_THROW(factor_place(record, "two_room.door_position", {1}), DataError);
  EXPECT_TRUE(training_set_json(three_doors(false), {})["factors"].empty());
  EXPECT_TRUE(held_out_factors(nullptr).empty());

  // A range of many values is trained as a whole, but for what was held out of it.
  const nlohmann::json range{{"factors", {{"a.b", {{"low", {0.0}}, {"high", {9.0}}}}}}, {"hold_out", {"a.b=4..5"}}};
  EXPECT_EQ(factor_place(range, "a.b", {3}), FactorPlace::kTrained);
  EXPECT_EQ(factor_place(range, "a.b", {4.5}), FactorPlace::kInterpolated);
}

TEST(Factors, OfTwoSetsAreJoined) {
  const auto set = [](double low, double high, const nlohmann::json& values, const char* held) {
    nlohmann::json door{{"low", {low}}, {"high", {high}}};
    if (!values.is_null()) door["values"] = values;
    return nlohmann::json{{"factors", {{"a.door", door}}}, {"hold_out", {held}}};
  };
  const auto one = [](double door) { return nlohmann::json::array({door}); };
  const auto old = set(30, 50, nlohmann::json::array({one(30), one(50)}), "a.door=40"),
             fresh = set(170, 170, nlohmann::json::array({one(170)}), "a.door=40");
  const auto joined = joined_training_sets(old, fresh);
  EXPECT_EQ(factor_place(joined, "a.door", {50}), FactorPlace::kTrained);
  EXPECT_EQ(factor_place(joined, "a.door", {170}), FactorPlace::kTrained);
  EXPECT_EQ(factor_place(joined, "a.door", {100}), FactorPlace::kInterpolated);
  EXPECT_EQ(factor_place(joined, "a.door", {180}), FactorPlace::kExtrapolated);
  EXPECT_EQ(held_out_factors(joined), std::vector<std::string>{"a.door=40"});
  EXPECT_FALSE(joined_training_sets(old, set(0, 60, nullptr, "a.door=5"))["factors"]["a.door"].contains("values"));
  EXPECT_TRUE(joined_training_sets(old, nullptr).is_null()) << "the other's door is not known";
  auto other = fresh;
  other["factors"] = {{"a.light", {{"low", {0.0}}, {"high", {1.0}}}}};
  EXPECT_TRUE(joined_training_sets(old, other).is_null());
}

TEST(Pace, IsKeptAndHeldAgainstOtherEpisodes) {
  const EpisodeDataset memory = three_doors();  // says no rate
  nlohmann::json record;
  say_pace(record, memory, 5);
  EXPECT_EQ(rows_per_step(record), 5);
  EXPECT_TRUE(held_out_factors(record).empty()) << "still a training set";
  EXPECT_FALSE(record.contains("rows_per_second"));
  record["rows_per_second"] = 15;
  EXPECT_NO_THROW(require_pace(record, memory, "m"));
  EXPECT_FALSE(rows_per_step(nullptr));
  record["rows_per_step"] = 0;
  EXPECT_THROW(rows_per_step(record), DataError);
}

/// Five rows; the last action is NaN.
Episode known_episode(uint64_t id, double step, uint8_t grey, int64_t size = 8) {
  Episode episode{.id = id, .frames = at::full({5, size, size, 3}, grey, at::kByte), .columns = {}, .task = ""};
  Tensor actions = at::arange(10, at::kFloat).view({5, 2}) * step;
  actions[4].fill_(std::numeric_limits<float>::quiet_NaN());
  episode.columns["action"] = actions;
  return episode;
}

TEST(KnownEpisodes, AreToldByWhatTheyHold) {
  std::vector<Episode> trained;
  for (uint64_t id = 0; id < 30; ++id) trained.push_back(known_episode(id, 0.1 * static_cast<double>(id), 50));
  const EpisodeDataset dataset(std::move(trained));
  const TrainedEpisodes known(contents_json(dataset, Split::kAll));
  EXPECT_TRUE(known.known());
  const auto held = [&](Episode episode) {
    std::vector<Episode> one;
    one.push_back(std::move(episode));
    return known.hold(content_of(EpisodeDataset(std::move(one)), 0));
  };
  EXPECT_TRUE(held(known_episode(77, 0.3, 50))) << "another number";
  EXPECT_FALSE(held(known_episode(3, 0.35, 50))) << "other actions";
  EXPECT_FALSE(held(known_episode(3, 0.3, 51))) << "another picture";
  EXPECT_TRUE(held(known_episode(3, 0.3, 51, 16))) << "pictures of another size cannot be compared";
  EXPECT_FALSE(held(known_episode(0, 0.0, 51, 16))) << "nothing was done: that tells nothing";
  Episode cut = known_episode(3, 0.3, 50);
  cut.frames = cut.frames.narrow(0, 0, 4);
  cut.columns["action"] = cut.columns["action"].narrow(0, 0, 4);
  EXPECT_TRUE(held(std::move(cut))) << "the last action is NaN in one file and missing in another";
  EXPECT_FALSE(TrainedEpisodes(nullptr).known());
  nlohmann::json damaged{{"picture_sizes", nlohmann::json::array()}, {"episodes", {"abc"}}};
  EXPECT_THROW(TrainedEpisodes{damaged}, DataError);
  damaged.erase("picture_sizes");
  EXPECT_THROW(TrainedEpisodes{damaged}, DataError);
}

TEST(KnownEpisodes, OfTwoSetsAreJoinedAndNeverPassForAll) {
  const auto of = [](double step, int64_t size) {
    std::vector<Episode> one;
    one.push_back(known_episode(0, step, 50, size));
    return contents_json(EpisodeDataset(std::move(one)), Split::kAll);
  };
  nlohmann::json both = of(0.1, 8);
  join_contents(both, of(0.2, 16));
  const TrainedEpisodes known(both);
  for (const auto& [step, size] : {std::pair{0.1, 8}, {0.2, 16}}) {
    const Episode episode = known_episode(9, step, 50, size);
    EXPECT_TRUE(known.hold(content_of(episode.columns.at("action"), episode.frames[0].permute({2, 0, 1}))));
  }
  join_contents(both, nlohmann::json{{"factors", {}}});
  EXPECT_FALSE(TrainedEpisodes(both).known()) << "what the other was trained on is not said";
}

}  // namespace
}  // namespace foresee::data
