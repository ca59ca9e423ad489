// Claims: `foresee replay` says in one line that a recorded run acts the same, ends with exit code 3 where it does not,
// and refuses what is no record in one line.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "foresee/controller.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/two_room_picture.h"
#include "tests/tools/cli/program.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;
using tests::run_program;

TEST(ReplayProgram, PlaysARecordAndSaysWhatDiffers) {
  const TemporaryFolder folder;
  const std::string record = (folder / "run.cbor").string();
  const Tensor now = room_at(60, 60), there = room_at(150, 150);
  {
    Controller controller(
        {.model = "tools/assets/two_room",
         .device = Device::kCpu,
         .settings = {.set = {"planner.samples=8", "planner.elites=4", "planner.iterations=2", "planner.horizon=2"}},
         .record = record});
    controller.set_goal({.pictures = {view_of(there)}});
    for (int step = 0; step < 3; ++step) controller.act({.pictures = {view_of(now)}});
  }
  const auto same = run_program({"replay", record, "--device", "cpu"});
  EXPECT_EQ(same.exit_code, 0) << same.err;
  EXPECT_NE(same.out.find("3 calls"), std::string::npos) << same.out;
  EXPECT_NE(same.out.find("to the last bit"), std::string::npos) << same.out;
  const fs::path other = folder / "other";
  fs::copy("tools/assets/two_room", other);
  auto actions = nlohmann::json::parse(std::ifstream(other / "actions.json"));
  actions["low"] = {-0.01, -0.01};
  actions["high"] = {0.01, 0.01};
  std::ofstream(other / "actions.json") << actions;
  const auto differs = run_program({"replay", record, "--model", other.string(), "--device", "cpu", "--json"});
  EXPECT_EQ(differs.exit_code, 3) << differs.err;
  const auto result = nlohmann::json::parse(differs.out);
  EXPECT_EQ(result["acts"], 3);
  EXPECT_EQ(result["differing"], 3);
  EXPECT_EQ(result["first_difference"], 1);
  EXPECT_EQ(result["cut"], false);
}

TEST(ReplayProgram, RefusesWhatIsNoRecord) {
  const auto refused = run_program({"replay", "README.md"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("README.md: no record of a controller"), std::string::npos) << refused.err;
  EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1) << refused.err;
}

}  // namespace
}  // namespace foresee
