// Claims: logs whose numbers cannot be what they are read as are refused before anything is trained, unless that is
// allowed by name; a number that never moves stays as it is in plans; blocks of one action train and plan; every
// training leaves the limits of its data; a model of two cameras reaches a goal that one of them sees. Sets: copies
// under tests/fixtures/cases/model, and what is written here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "data/episode/npz/npy.h"
#include "foresee/controller.h"
#include "foresee/train.h"
#include "jepa/core/files/file.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/small_encoder.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

fs::path log_of(const std::string& name) { return fs::path("tests/fixtures/cases/model") / name / "log.npz"; }

class TrainOnLogs : public ::testing::Test {
 protected:
  TrainRequest request(const std::string& family, const fs::path& data, const std::vector<std::string>& set = {}) {
    TrainRequest request{
        .family = family, .data = {data}, .steps = 2, .out = folder_ / ("run " + std::to_string(++runs_))};
    request.options = {.device = Device::kCpu, .threads = 1};
    auto& keys = request.options.settings.set;
    keys = {"train.batch=2", "held_out_sequences=2", "held_out_horizon=1"};
    if (family == "lewm") {
      keys.insert(keys.end(),
                  {"model.vit.image_size=16", "model.vit.layers=1", "model.predictor.layers=1", "probe_frames=0"});
    } else {
      request.preset = "vjepa2-ac-s";
      request.encoder = encoder();
      keys.insert(keys.end(), {"predictor.width=32", "predictor.depth=1", "predictor.heads=2", "train.frames=3"});
    }
    keys.insert(keys.end(), set.begin(), set.end());
    return request;
  }

  TrainRequest arm(const std::string& name) {
    return request("vjepa2_ac", log_of(name),
                   {"state_update=arm_pose", "actions=state_change", "frameskip=1", "held_out_horizon=1"});
  }

  fs::path encoder() {
    const fs::path folder = folder_ / "encoder";
    if (fs::exists(folder)) return folder;
    save_small_encoder(folder);
    return folder;
  }

  static nlohmann::json actions_of(const TrainResult& result) {
    return nlohmann::json::parse(read_file(result.model / "actions.json"));
  }

  /// The steps of a plan from a grey picture to a bright one.
  static std::vector<std::vector<double>> plan(const TrainResult& result, const std::vector<double>& state = {},
                                               const std::vector<std::string>& set = {}) {
    Controller::Options options{.model = result.model, .device = Device::kCpu};
    options.settings.set = {"planner.samples=24", "planner.iterations=3", "planner.elites=6", "planner.horizon=2"};
    options.settings.set.insert(options.settings.set.end(), set.begin(), set.end());
    Controller controller(options);
    const std::vector<uint8_t> now(3 * 24 * 24, 90), goal(3 * 24 * 24, 200);
    controller.set_goal({.pictures = {{goal.data(), 24, 24}}});
    controller.act({.pictures = {{now.data(), 24, 24}}, .state = state});
    return controller.last_plan().actions;
  }

  TemporaryFolder folder_;
  int runs_ = 0;
};

TEST_F(TrainOnLogs, AnArmLogInMetresTrainsAndLeavesTheLimitsOfItsChanges) {
  const TrainResult result = train(arm("70_arm_log_good"));
  EXPECT_EQ(result.steps, 2);
  const nlohmann::json actions = actions_of(result);
  ASSERT_EQ(actions["low"].size(), 7u);
  EXPECT_LT(actions["low"][0], actions["high"][0]);
  EXPECT_LT(actions["high"][0], 0.2) << "metres from frame to frame";
  EXPECT_EQ(actions["low"][2], 0.0) << "it never rose";
  for (const auto& step : plan(result, {0.4, 0, 0.3, 3.1, 0, -1.9, 0}))
    for (size_t i = 0; i < 7; ++i) {
      EXPECT_GE(step[i], actions["low"][i].get<double>()) << i;
      EXPECT_LE(step[i], actions["high"][i].get<double>()) << i;
    }
}

TEST_F(TrainOnLogs, OtherUnitsAreRefusedUnlessTheyAreAllowed) {
  TrainRequest request = arm("71_arm_log_mm_deg_255");
  const std::string message = refusal_of<DataError>([&] { train(request); });
  EXPECT_TRUE(says(message, "[0] to [2] lie in [-97"));
  EXPECT_TRUE(says(message, "allowed by its name: degrees, gripper, millimetres"));
  EXPECT_FALSE(fs::exists(request.out)) << "nothing was begun";
  request.allow = {"degrees", "gripper", "millimetres"};
  EXPECT_EQ(train(request).steps, 2);
  request = arm("71_arm_log_mm_deg_255");
  request.allow = {"milimetres"};
  EXPECT_TRUE(says(refusal_of<ConfigError>([&] { train(request); }), "did you mean 'millimetres'?"));
}

TEST_F(TrainOnLogs, WithoutActionsTheKeyThatTakesThemFromStatesIsNamed) {
  const TrainRequest without = request("vjepa2_ac", log_of("70_arm_log_good"), {"state_update=arm_pose"});
  EXPECT_TRUE(says(refusal_of<DataError>([&] { train(without); }), "'action'; actions=state_change takes"));
}

TEST_F(TrainOnLogs, AQuaternionInThePlaceOfAnglesIsRefused) {
  const TrainRequest request = arm("73_arm_log_quaternion");
  EXPECT_TRUE(says(refusal_of<DataError>([&] { train(request); }), "three Euler angles"));
}

TEST_F(TrainOnLogs, PixelsAsFractionsAndWithChannelsInFrontAreTheSamePictures) {
  std::vector<std::string> weights;
  for (const char* name : {"77_float_pixels", "78_channels_first"})
    weights.push_back(read_file(train(request("lewm", log_of(name), {"frameskip=1"})).model / "model.safetensors"));
  EXPECT_TRUE(weights[0] == weights[1]) << "the two logs hold one recording";
}

TEST_F(TrainOnLogs, LengthsThatDoNotAddUpAreRefusedWithBothNumbers) {
  const TrainRequest wrong = request("lewm", log_of("79_ep_len_wrong"), {"frameskip=1"});
  EXPECT_TRUE(says(refusal_of<DataError>([&] { train(wrong); }), "ep_len adds up to 260 of 240 rows"));
}

TEST_F(TrainOnLogs, TwoEpisodesTrainAndNoneIsHeldOut) {
  const LogCapture log;
  const TrainResult result = train(request("lewm", log_of("81_two_episodes"), {"frameskip=1"}));
  EXPECT_EQ(result.steps, 2);
  EXPECT_TRUE(result.held_out.empty());
  EXPECT_TRUE(says(log.text(), "none of 2 episodes is held out: training goes on without evaluation")) << log.text();
}

TEST_F(TrainOnLogs, HeldOutEpisodesAreAskedAsFarAheadAsTheyReach) {
  for (const char* family : {"lewm", "vjepa2_ac"}) {
    SCOPED_TRACE(family);
    const LogCapture log;
    const TrainResult result =
        train(request(family, log_of("84_raw_actions"), {"frameskip=1", "held_out_horizon=500"}));
    EXPECT_FALSE(result.held_out.empty());
    EXPECT_TRUE(says(log.text(), "of 500 ")) << log.text();
    EXPECT_TRUE(says(log.text(), "ahead are evaluated")) << log.text();
  }
}

TEST_F(TrainOnLogs, ANumberThatNeverMovesKeepsItsValueInPlans) {
  LogCapture log;
  const TrainResult result = train(request("lewm", log_of("75_lewm_constant_action"), {"frameskip=1"}));
  EXPECT_TRUE(says(log.text(), "2 (always 0.5)"));
  for (const auto& step : plan(result)) EXPECT_EQ(step[2], 0.5);
}

TEST_F(TrainOnLogs, LimitsCanBeGiven) {
  const TrainResult lewm =
      train(request("lewm", log_of("84_raw_actions"), {"frameskip=1", "action_low=[-0.02]", "action_high=[0.01]"}));
  EXPECT_EQ(actions_of(lewm)["high"], (std::vector<double>{0.01, 0.01}));
  for (const auto& step : plan(lewm))
    for (const double number : step) EXPECT_TRUE(number >= -0.02 && number <= 0.01) << number;
  const TrainResult ac =
      train(request("vjepa2_ac", log_of("84_raw_actions"), {"frameskip=1", "action_high=[0.01,0.5]"}));
  EXPECT_EQ(actions_of(ac)["high"], (std::vector<double>{0.01, 0.5}));
}

/// uint8 [16, 16, 3] with a soft spot at column x.
Tensor spot_at(double x) {
  const Tensor grid = at::arange(16, at::kFloat);
  const Tensor distance = (grid.view({16, 1}) - 8).square() + (grid.view({1, 16}) - x).square();
  const Tensor spot = distance.mul(-0.12).exp().mul(255).to(at::kByte);
  return at::stack({spot, 255 - spot, spot / 2}, -1).to(at::kByte).contiguous();
}

TEST_F(TrainOnLogs, AGoalThatCameraBAloneSeesIsReached) {
  constexpr int64_t kEpisodes = 24, kRows = 16;
  std::vector<Tensor> seen;
  const Tensor action = at::empty({kEpisodes * kRows, 1});
  const Random draws(1, Stream::kTest);
  uint64_t drawn = 0;
  for (int64_t e = 0; e < kEpisodes; ++e) {
    double x = 2 + 11 * draws.uniform(drawn++);
    for (int64_t t = 0; t < kRows; ++t) {
      seen.push_back(spot_at(x));
      const double next = std::clamp(x - 2 + 4 * draws.uniform(drawn++), 1.0, 14.0);
      action[e * kRows + t][0] = next - x;
      x = next;
    }
  }
  const Tensor idle = spot_at(3);  // camera A: nothing moves there
  data::write_npz(folder_ / "log.npz", {{"pixels_a", idle.expand({kEpisodes * kRows, 16, 16, 3}).contiguous()},
                                        {"pixels_b", at::stack(seen)},
                                        {"action", action},
                                        {"ep_len", at::full({kEpisodes}, kRows, at::kLong)}});
  TrainRequest asked = request(
      "lewm", folder_ / "log.npz",
      {"train.batch=32", "train.learning_rate=0.002", "train.loss.projections=64", "train.loss.sigreg_weight=0.3",
       "frameskip=1", "model.vit.image_size=32", "model.vit.patch=8", "model.vit.width=32", "model.vit.heads=2",
       "model.vit.mlp=64", "model.embedding=8", "model.projector_hidden=64", "model.prediction_hidden=64",
       "model.predictor.frames=1", "model.predictor.width=32", "model.predictor.heads=2", "model.predictor.head_dim=16",
       "model.predictor.mlp=64", "model.predictor.dropout=0"});
  asked.steps = 300;
  asked.camera = "a,b";
  const TrainResult result = train(asked);

  Controller::Options options{.model = result.model, .device = Device::kCpu};
  options.settings.set = {"planner.horizon=1", "planner.samples=64", "planner.elites=8", "planner.iterations=10"};
  Controller controller(options);
  const auto view = [](const Tensor& picture) { return PictureView{picture.const_data_ptr<uint8_t>(), 16, 16}; };
  for (const auto& [start, goal] : std::vector<std::pair<double, double>>{{8, 9.5}, {8, 6.5}, {11, 9.5}, {4, 5.5}}) {
    const Tensor now = spot_at(start), wanted = spot_at(goal);
    controller.reset();
    controller.set_goal({.pictures = {view(idle), view(wanted)}});
    const auto moved = controller.act({.pictures = {view(idle), view(now)}}).action;
    EXPECT_NEAR(moved.at(0), goal - start, 0.75) << "from " << start;
  }
}

TEST_F(TrainOnLogs, BlocksOfOneActionTrainAndPlan) {
  for (const char* family : {"lewm", "vjepa2_ac"}) {
    SCOPED_TRACE(family);
    const TrainResult result = train(request(family, log_of("84_raw_actions"), {"frameskip=1"}));
    EXPECT_EQ(result.steps, 2);
    EXPECT_FALSE(result.held_out.empty());
    EXPECT_EQ(actions_of(result)["block"], 1);
    EXPECT_EQ(plan(result).size(), 2u);
    if (std::string(family) != "lewm") continue;
    TrainRequest heads{
        .family = "lewm_heads", .data = {log_of("84_raw_actions")}, .steps = 2, .out = folder_ / "heads"};
    heads.init = result.model;
    heads.options = {.device = Device::kCpu, .threads = 1};
    heads.options.settings.set = {"train.batch=4", "train.evaluated=4"};
    const TrainResult with_heads = train(heads);
    EXPECT_EQ(actions_of(with_heads)["block"], 1);
    EXPECT_EQ(plan(with_heads, {}, {"begin=proposal"}).size(), 2u);
  }
}

}  // namespace
}  // namespace foresee
