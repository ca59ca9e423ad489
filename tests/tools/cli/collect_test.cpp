// Claims: an interrupted collection goes on where it stopped and writes what an uninterrupted one writes; parts of
// another collection are refused; a factor of variation can be swept.
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "jepa/core/files/file.h"
#include "tests/support/temporary_folder.h"
#include "tests/tools/cli/program.h"

namespace foresee::tests {
namespace {

using Words = std::vector<std::string>;

Words collect_words(const std::string& out, const std::string& seed = "3") {
  return {"data",   "collect", "--env",  "two_room", "--policy",  "expert", "--episodes", "600",
          "--size", "64",      "--seed", seed,       "--threads", "1",      "--out",      out};
}

TEST(Collect, GoesOnAfterAnInterruptionAndWritesTheSameBytes) {
  const TemporaryFolder folder;
  const auto whole = folder / "whole.h5", resumed = folder / "resumed.h5";
  ASSERT_EQ(run_program(collect_words(whole.string())).exit_code, 0);
  const auto parts = folder / "resumed.h5.parts";
  const auto cut = run_program(collect_words(resumed.string()),
                               {.signal = SIGINT, .when_exists = parts / "part-00000000.h5", .after_ms = 1});
  ASSERT_EQ(cut.exit_code, 128 + SIGINT) << "interrupted: " << cut.err;
  EXPECT_NE(cut.err.find("goes on from there"), std::string::npos) << cut.err;
  EXPECT_FALSE(std::filesystem::exists(resumed));
  ASSERT_TRUE(std::filesystem::exists(parts / "part-00000000.h5"));

  const auto other = run_program(collect_words(resumed.string(), "4"));
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_NE(other.err.find("another collection"), std::string::npos) << other.err;

  const auto made = std::filesystem::last_write_time(parts / "part-00000000.h5");
  ASSERT_EQ(run_program(collect_words(resumed.string())).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(parts)) << made.time_since_epoch().count();
  EXPECT_EQ(read_file(resumed), read_file(whole));
}

TEST(Eval, SweepsAFactorOfVariation) {
  const auto swept = run_program({"eval", "--env", "two_room", "--methods", "expert,noop", "--episodes", "10", "--vary",
                                  "two_room.agent_speed=2,8", "--json"});
  ASSERT_EQ(swept.exit_code, 0) << swept.err;
  const auto json = nlohmann::json::parse(swept.out);
  EXPECT_EQ(json.at("vary"), "two_room.agent_speed");
  EXPECT_EQ(json.at("values").size(), 2u);
  EXPECT_EQ(json.at("values").at("8").at("success").at("noop").at("rate"), 0.0);
  EXPECT_EQ(json.at("values").at("2").at("success").at("expert").at("n"), 10);

  const auto wrong = run_program({"eval", "--methods", "noop", "--vary", "two_room.agent_sped=2"});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_NE(wrong.err.find("agent_speed"), std::string::npos) << wrong.err;
}

}  // namespace
}  // namespace foresee::tests
