// Claims: a controller that records writes a file from which replay() gives every action again to the last bit, also
// where deadlines ended searches, where calls failed and where plans are searched ahead; another model is found out; a
// record that was cut off is played as far as it goes; nothing is overwritten; what is no record is refused.
#include "foresee/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "foresee/controller.h"
#include "jepa/core/files/file.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/two_room_picture.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;  // NOLINT

const fs::path kRecordedModel = "tools/assets/two_room";

struct Replayed : testing::Test {
  Controller::Options options(std::vector<std::string> set = {}) const {
    std::vector<std::string> all{"planner.samples=8", "planner.elites=4", "planner.iterations=2", "planner.horizon=2"};
    all.insert(all.end(), set.begin(), set.end());
    return {.model = kRecordedModel,
            .device = Device::kCpu,
            .seed = 3,
            .settings = {.set = std::move(all)},
            .record = record};
  }
  ReplayResult again(const fs::path& model = {}) const {
    return replay({.record = record, .model = model, .device = Device::kCpu});
  }
  TemporaryFolder folder;
  fs::path record = folder / "run.cbor";
};

TEST_F(Replayed, GivesEveryActionAgain) {
  const Tensor now = room_at(60, 60), there = room_at(150, 150), elsewhere = room_at(40, 170);
  {
    Controller::Options two = options({"planner.receding=1", "history=2"});
    two.problems = 2;
    two.judge = true;
    Controller controller(two);
    EXPECT_THROW(controller.act({.pictures = {view_of(now)}}), Error) << "no goal yet";
    controller.set_goal({.pictures = {view_of(there)}}, 0);
    controller.set_goals(
        std::vector<Controller::Goal>{{.pictures = {view_of(elsewhere)}, .weight = 2}, {.pictures = {view_of(there)}}},
        1);
    controller.look_back({.pictures = {view_of(elsewhere)}});
    const std::vector<int64_t> both{0, 1};
    const std::vector<double> sent{0.25, -0.5}, since(10, 0.125), none;  // `since`: the block after the look back
    for (int step = 0; step < 7; ++step)
      controller.act(std::vector<Controller::Observation>{{.pictures = {view_of(now)},
                                                           .executed = step == 0   ? since
                                                                       : step == 3 ? sent
                                                                                   : none},
                                                          {.pictures = {view_of(there)}}},
                     both);
    controller.reset(1);
    controller.set_goal({.pictures = {view_of(elsewhere)}}, 0);
    for (int step = 0; step < 3; ++step)
      controller.act(std::vector<Controller::Observation>{{.pictures = {view_of(now)}}, {.pictures = {view_of(now)}}},
                     both);
  }
  const ReplayResult result = again();
  EXPECT_EQ(result.acts, 11);
  EXPECT_EQ(result.differing, 0) << "the first is " << result.first.value_or(0) << ", by " << result.largest;
  EXPECT_FALSE(result.cut);
  EXPECT_EQ(result.model, fs::absolute(kRecordedModel));
}

TEST_F(Replayed, EndsSearchesWhereTheirDeadlinesEndedThem) {
  const Tensor now = room_at(60, 60), there = room_at(150, 150);
  std::vector<int64_t> iterations;
  {
    Controller controller(options({"planner.receding=1", "planner.iterations=400"}));
    controller.set_goal({.pictures = {view_of(there)}});
    for (int step = 0; step < 31; ++step)
      iterations.push_back(
          controller.act({.pictures = {view_of(now)}, .deadline = step < 25 ? 200ms : 1ns}).iterations);
  }
  const ReplayResult result = again();
  EXPECT_GT(*std::max_element(iterations.begin(), iterations.end()), 0) << "no search was in time";
  EXPECT_GT(result.searched, 0);
  EXPECT_GT(result.late, 0) << "a nanosecond is not enough";
  EXPECT_EQ(result.differing, 0) << "the first is " << result.first.value_or(0) << ", by " << result.largest;
}

TEST_F(Replayed, FollowsWhatWasSearchedAhead) {
  const Tensor now = room_at(60, 60), there = room_at(150, 150), elsewhere = room_at(40, 170);
  {
    Controller controller(options({"planner.receding=1", "asynchronous=true"}));
    controller.set_goal({.pictures = {view_of(there)}});
    for (int step = 0; step < 23; ++step) {
      if (step == 12) controller.set_goal({.pictures = {view_of(elsewhere)}});
      controller.act({.pictures = {view_of(now)}, .deadline = step == 5 || step == 15 ? 1ns : 10s});
    }
  }
  const ReplayResult result = again();
  EXPECT_EQ(result.acts, 23);
  EXPECT_EQ(result.differing, 0) << "the first is " << result.first.value_or(0) << ", by " << result.largest;
}

TEST_F(Replayed, FindsAnotherModelOut) {
  const Tensor now = room_at(60, 60), there = room_at(150, 150);
  {
    Controller controller(options());
    controller.set_goal({.pictures = {view_of(there)}});
    for (int step = 0; step < 3; ++step) controller.act({.pictures = {view_of(now)}});
  }
  const fs::path other = folder / "other";
  fs::copy(kRecordedModel, other);
  auto actions = nlohmann::json::parse(read_file(other / "actions.json"));
  actions["low"] = {-0.01, -0.01};
  actions["high"] = {0.01, 0.01};
  fs::remove(other / "actions.json");
  std::ofstream(other / "actions.json") << actions;
  const ReplayResult result = again(other);
  EXPECT_EQ(result.differing, 3);
  EXPECT_EQ(result.first, 1);
  EXPECT_GT(result.largest, 0.05);
}

TEST_F(Replayed, PlaysARecordThatWasCutOff) {
  const Tensor now = room_at(60, 60);
  {
    Controller controller(options());
    controller.set_goal({.pictures = {view_of(now)}});
    for (int step = 0; step < 2; ++step) controller.act({.pictures = {view_of(now)}});
  }
  fs::resize_file(record, fs::file_size(record) - 7);
  const ReplayResult result = again();
  EXPECT_TRUE(result.cut);
  EXPECT_EQ(result.acts, 1);
  EXPECT_EQ(result.differing, 0);
}

TEST_F(Replayed, OverwritesNothingAndRefusesWhatIsNoRecord) {
  std::ofstream(record) << "precious";
  EXPECT_TRUE(says(refusal_of<Error>([&] { Controller controller(options()); }), "exists already"));
  EXPECT_EQ(read_file(record), "precious");
  EXPECT_TRUE(says(refusal_of<DataError>([&] { again(); }), "no record of a controller"));
  record = folder / "absent" / "run.cbor";
  EXPECT_TRUE(says(refusal_of<Error>([&] { Controller controller(options()); }), "cannot be written"));
  EXPECT_THROW(again(), DataError);
  EXPECT_EQ(refused_member([] { replay(ReplayRequest()); }), "record");
}

TEST_F(Replayed, RefusesCallsThatNoControllerWrites) {
  { Controller controller(options()); }
  const auto append = [&](const nlohmann::json& call) {
    const auto bytes = nlohmann::json::to_cbor(call);
    const std::string before = read_file(record);
    std::ofstream(record, std::ios::app | std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    const std::string refusal = refusal_of<DataError>([&] { again(); });
    std::ofstream(record, std::ios::binary) << before;
    return refusal;
  };
  EXPECT_TRUE(says(append({{"call", "dance"}}), "call 1: unknown call 'dance'"));
  EXPECT_TRUE(says(append({{"call", "goals"}, {"problem", 0}}), "call 1 is not what a controller writes"));
  EXPECT_TRUE(says(append(nlohmann::json::array({1, 2})), "call 1 is not what a controller writes"));
  const nlohmann::json picture{{"height", 4}, {"width", 4}, {"rgb", nlohmann::json::binary({1, 2, 3})}};
  EXPECT_TRUE(says(append({{"call", "look_back"},
                           {"problem", 0},
                           {"sight",
                            {{"picture", picture},
                             {"state", nlohmann::json::array()},
                             {"executed", nlohmann::json::array()},
                             {"extrinsics", nlohmann::json::array()}}}}),
                   "a picture of 4 x 4 pixels with 3 bytes"));
}

}  // namespace
}  // namespace foresee
