// Claims: protocol quality finds nothing wrong with the shipped model, and raises the right flag for models that are
// broken on purpose; factors that the data cannot give abstain and say why; the same seed gives the same numbers; what
// the protocol does not use is refused.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "data/episode/hdf5/episode_file.h"
#include "foresee/evaluate/quality/evaluate_quality.h"
#include "foresee/evaluate/quality/flags.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/io/model_folder.h"
#include "planner/env/collect.h"
#include "tests/planner/eval/picture_model.h"
#include "tests/support/arm_model.h"
#include "tests/support/refusal.h"
#include "tests/support/silence.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

const char* const kShipped = "tools/assets/two_room";

std::vector<data::Episode> walks(int64_t episodes) {
  return planner::generate_episodes({.policy = "random", .seed = 5}, episodes);
}

struct Quality : testing::Test {
  /// Writes episodes of Two-Room and asks for them.
  EvaluateRequest request(const fs::path& model, const std::vector<data::Episode>& episodes = walks(40)) const {
    data::EpisodeWriter writer(folder / "walks.h5");
    for (const auto& episode : episodes) writer.add(episode);
    writer.commit();
    EvaluateRequest out{.model = model, .protocol = "quality", .data = {folder / "walks.h5"}};
    out.options = {.device = Device::kCpu, .seed = 3, .threads = 1};
    out.options.settings.set = {"clips=60", "windows=150", "anchors=8", "drift_steps=20"};
    return out;
  }
  /// The shipped model with some weights changed.
  template <class Change>
  fs::path broken(const Change& change) const {
    ModelFolder model = load_model_folder(kShipped);
    for (auto& [name, weights] : model.weights) weights = weights.clone();
    change(model.weights);
    save_model_folder(folder / "broken", model);
    return folder / "broken";
  }
  static std::set<std::string> flags(const QualityEvaluation& result) {
    std::set<std::string> names;
    for (const auto& flag : result.flags) names.insert(flag.name);
    return names;
  }
  std::set<std::string> flags_of(const fs::path& model) const { return flags(*evaluate(request(model)).quality); }
  TemporaryFolder folder;
};

TEST_F(Quality, FindsNothingWrongWithTheShippedModel) {
  EvaluateRequest wanted = request(kShipped);
  wanted.out = folder / "out";
  EvaluateResult result;
  {
    const Silence silence;
    result = evaluate(wanted);
  }
  ASSERT_TRUE(result.quality);
  const QualityEvaluation& found = *result.quality;
  EXPECT_EQ(flags(found), std::set<std::string>());
  EXPECT_EQ(found.env, "two_room");
  ASSERT_TRUE(found.veracity && found.influence && found.sobriety && found.score);
  EXPECT_NEAR(*found.score, *found.veracity * *found.influence * *found.sobriety, 1e-12);
  for (const auto factor : {*found.veracity, *found.influence, *found.sobriety}) {
    EXPECT_GE(factor, 0);
    EXPECT_LE(factor, 1);
  }
  EXPECT_GT(*found.veracity, 0.5);
  const auto written = read_json(folder / "out/results.json").at("result");
  EXPECT_EQ(written, nlohmann::json(quality_json(wanted, found)));
  EXPECT_TRUE(written.at("flags").empty());
  EXPECT_GT(written.at("probe_r").at("agent_x").get<double>(), 0.9);
  const auto& roll = written.at("rollout");
  for (const char* beside : {"nothing", "linear"}) EXPECT_LT(roll["model"][4], roll[beside][4]) << beside;
  EXPECT_EQ(quality_json(wanted, *evaluate(request(kShipped)).quality), quality_json(wanted, found)) << "same seed";
}

TEST_F(Quality, SaysThatActionsAreIgnored) {
  const auto found = flags_of(broken([](TensorMap& weights) {
    for (auto& [name, weight] : weights)
      if (name.find("adaLN_modulation.1.weight") != std::string::npos) weight.zero_();
  }));
  EXPECT_TRUE(found.contains("actions ignored")) << testing::PrintToString(found);
}

TEST_F(Quality, SaysThatLatentsHaveCollapsed) {
  const auto found = flags_of(broken([](TensorMap& weights) {
    Tensor& last = weights.at("projector.net.3.weight");
    last = last.slice(0, 0, 1).expand_as(last).contiguous();  // every number of a latent is the first one
  }));
  EXPECT_TRUE(found.contains("collapse")) << testing::PrintToString(found);
}

TEST_F(Quality, SaysThatAPredictorIsUntrained) {
  const auto found = flags_of(broken([](TensorMap& weights) {
    Tensor& last = weights.at("pred_proj.net.3.weight");
    last = Random(1, Stream::kTest).normal_tensor(last.sizes()) * last.std();
  }));
  EXPECT_TRUE(found.contains("untrained")) << testing::PrintToString(found);
}

/// Knows where its training episodes lead, and is 20 pixels wrong from every other place.
class Memoriser final : public WorldModel {
 public:
  explicit Memoriser(const data::EpisodeDataset& dataset) {
    std::vector<Tensor> places;
    for (const int64_t episode : dataset.episodes_of(data::Split::kTrain))
      places.push_back(planner::PictureModel::dot(dataset.frames(episode, 0, dataset.length(episode))));
    known_ = at::cat(places);
  }
  const ActionSpec& action_spec() const override { return inner_.action_spec(); }
  const Preprocess& preprocess() const override { return inner_.preprocess(); }
  std::unique_ptr<Context> encode(const Observation& seen) const override { return inner_.encode(seen); }
  Tensor encode_goal(const Goal& goal) const override { return inner_.encode_goal(goal); }
  Tensor costs(const Context& context, const Tensor& goal, const Tensor& actions, Objective) const override {
    return (rollout(context, actions).select(2, -1) - goal.unsqueeze(1)).square().sum(-1);
  }
  Tensor rollout(const Context& context, const Tensor& actions) const override {
    const Tensor right = inner_.rollout(context, actions);
    const Tensor here = inner_.rollout(context, at::zeros_like(actions)).select(2, 0);  // [B, K, 2]
    const Tensor strange = at::cdist(here.flatten(0, 1), known_).amin(1) > 1e-3;
    return right + 20 * strange.view({right.size(0), right.size(1), 1, 1}).to(right.scalar_type());
  }

 private:
  planner::PictureModel inner_;
  Tensor known_;  // float [n, 2]
};

TEST_F(Quality, SaysThatTrainingEpisodesAreKnownByHeart) {
  const data::EpisodeDataset dataset(walks(60));
  const QualityConfig config{.clips = 60, .windows = 900, .anchors = 4, .drift_steps = 5};
  const data::TrainedEpisodes unknown(nullptr);  // the split decides
  const auto found = quality_of(Memoriser(dataset), dataset, unknown, config, "two_room", 60, 3);
  EXPECT_TRUE(flags(found).contains("memorised"));
  const auto sound = quality_of(planner::PictureModel(), dataset, unknown, config, "two_room", 60, 3);
  EXPECT_FALSE(flags(sound).contains("memorised"));
  EXPECT_FALSE(flags(sound).contains("actions ignored"));
}

TEST_F(Quality, AbstainsWithoutAStateAndSaysWhy) {
  auto episodes = walks(30);
  for (auto& episode : episodes)
    std::erase_if(episode.columns, [](const auto& column) { return column.first != "action"; });
  const QualityEvaluation found = *evaluate(request(kShipped, episodes)).quality;
  EXPECT_FALSE(found.score);
  EXPECT_FALSE(found.veracity);
  EXPECT_TRUE(found.influence && found.sobriety);
  ASSERT_EQ(found.abstained.size(), 1u);
  EXPECT_NE(found.abstained.front().find("veracity: the episodes have no state"), std::string::npos);
  EXPECT_TRUE(quality_json(request(kShipped, episodes), found).at("viscore").at("score").is_null());
}

TEST_F(Quality, JudgesAModelOfArmPoses) {
  std::vector<data::Episode> episodes;
  for (uint64_t e = 0; e < 20; ++e) {
    const Random random(7, Stream::kTest, e);
    data::Episode episode{.id = e, .frames = (random.uniform_tensor({14, 32, 32, 3}) * 255).to(at::kByte)};
    episode.columns["action"] = at::zeros({14, kArmPoseSize});  // not looked at: poses say what was done
    episode.columns["state"] = (random.normal_tensor({14, kArmPoseSize}, 100000) * 0.02).cumsum(0);
    episodes.push_back(episode);
  }
  EvaluateRequest wanted = request(write_arm_model(folder / "arm"), episodes);
  wanted.options.settings.set = {"clips=30",  "windows=60", "anchors=4",       "drift_steps=10",
                                 "longest=5", "horizon=2",  "numbers=[0,1,2]", "tolerance=0.05"};
  const QualityEvaluation found = *evaluate(wanted).quality;
  EXPECT_EQ(found.env, "");
  EXPECT_TRUE(found.veracity && found.influence && found.sobriety);
  EXPECT_TRUE(flags(found).contains("untrained")) << "its weights are random";
}

TEST_F(Quality, RefusesWhatItDoesNotUse) {
  const EvaluateRequest fine = request(kShipped);
  const auto field_of = [](const EvaluateRequest& wanted) -> std::string {
    return refused_member([&] { evaluate(wanted); });
  };
  EvaluateRequest wanted = fine;
  wanted.methods = {"planner"};
  EXPECT_EQ(field_of(wanted), "methods");
  wanted = fine;
  wanted.model.clear();
  EXPECT_EQ(field_of(wanted), "model");
  wanted = fine;
  wanted.draw = {"two_room.door_position=30"};
  EXPECT_EQ(field_of(wanted), "draw");
  wanted = fine;
  wanted.env = "two_rooms";
  EXPECT_THROW(evaluate(wanted), ConfigError);
  wanted = fine;
  wanted.options.settings.set = {"tolerence=3"};
  EXPECT_THROW(evaluate(wanted), ConfigError);
}

TEST(QualityFlags, NameValueAndThreshold) {
  const QualitySigns sound{.effective_rank = 20,
                           .width = 96,
                           .action_sensitivity = 1,
                           .training_error = 0.1,
                           .held_out_error = 0.1,
                           .error_over_nothing = 0.2,
                           .calibration = 0.8};
  EXPECT_TRUE(quality_flags(sound).empty());
  QualitySigns unknown = sound;
  unknown.held_out_error = unknown.calibration = unknown.action_sensitivity = std::nan("");
  EXPECT_TRUE(quality_flags(unknown).empty()) << "what is not known is not blamed";
  QualitySigns bad = sound;
  bad.calibration = 0.1;
  const auto flags = quality_flags(bad);
  ASSERT_EQ(flags.size(), 1u);
  EXPECT_EQ(flags[0].name, "cost uncalibrated");
  EXPECT_EQ(flags[0].value, 0.1);
  EXPECT_EQ(flags[0].threshold, 0.15);
  EXPECT_NE(flags[0].meaning.find("0.10"), std::string::npos);
}

}  // namespace
}  // namespace foresee
