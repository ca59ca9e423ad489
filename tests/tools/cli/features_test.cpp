// Claims: `foresee data scenes` writes clips that `foresee pretrain` learns from; `foresee eval --protocol features
// --json` prints one object per factor; a model without features of video and flags that are not used are refused in
// one line.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/temporary_folder.h"
#include "tests/tools/cli/program.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;
using tests::run_program;

const std::string kEncoder = "tests/fixtures/vjepa2/hf_base";

TEST(FeaturesProgram, ScenesArePretrainedOn) {
  const TemporaryFolder folder;
  const auto scenes =
      run_program({"data", "scenes", "--clips", "12", "--size", "48", "--out", (folder / "scenes").string(), "--json"});
  ASSERT_EQ(scenes.exit_code, 0) << scenes.err;
  const auto object = nlohmann::json::parse(scenes.out);
  EXPECT_EQ(object["clips"], 12);
  EXPECT_TRUE(fs::exists(object["labels"].get<std::string>()));
  const auto run = run_program({"pretrain", "--data", (folder / "scenes").string(), "--steps", "2", "--out",
                                (folder / "run").string(), "--device", "cpu", "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto result = nlohmann::json::parse(run.out);
  EXPECT_EQ(result["flags"], nlohmann::json::array());
  for (const char* key : {"between_clips", "between_positions", "retrieval", "skill_constant"})
    EXPECT_TRUE(result[key].is_number() && result[std::string(key) + "_start"].is_number()) << key;
}

TEST(FeaturesProgram, PrintsAnObjectPerFactor) {
  const auto run = run_program(
      {"eval", "--protocol", "features", "--model", kEncoder, "--episodes", "12", "--device", "cpu", "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto result = nlohmann::json::parse(run.out);
  for (const char* factor : {"direction", "speed", "count", "colour", "bounce", "occlusion"})
    for (const char* who : {"model", "random", "pixels"}) {
      const auto& rate = result[factor][who];
      EXPECT_EQ(rate["n"], 12) << factor << " " << who;
      EXPECT_LE(rate["low"].get<double>(), rate["high"].get<double>());
    }
}

TEST(FeaturesProgram, RefusesWhatItCannotUse) {
  const auto refused = [](std::vector<std::string> more) {
    std::vector<std::string> all{"eval", "--protocol", "features"};
    all.insert(all.end(), more.begin(), more.end());
    const auto run = run_program(all);
    EXPECT_EQ(run.exit_code, 1) << run.err;
    return run.err;
  };
  EXPECT_NE(refused({}).find("--model DIR"), std::string::npos);
  EXPECT_NE(refused({"--model", kEncoder, "--env", "two_room"}).find("--env"), std::string::npos);
  EXPECT_NE(refused({"--model", "tools/assets/two_room"}).find("tools/assets/two_room"), std::string::npos);
}

}  // namespace
}  // namespace foresee
