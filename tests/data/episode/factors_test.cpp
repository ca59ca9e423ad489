// Claims: episodes are held out by the value of a factor, what is held out is never trained on, the model folder's
// record says where a value lies, and data that cannot be split that way are refused.
#include "data/episode/factors.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/episode/dataset.h"
#include "data/episode/split.h"
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
  EXPECT_TRUE(training_set_json(three_doors(false), {}).is_null());
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

}  // namespace
}  // namespace foresee::data
