// Claims: what cannot be the units that a training takes a state for is named with its column and its range; what could
// be meant so is not certain; and numbers that are in order pass. Sets: copies under tests/fixtures/cases/model.
#include "data/episode/check/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <numbers>

#include "data/episode/check/check.h"
#include "data/episode/npz/npy.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

const StateReading kPoses{StateReading::Kind::kArmPose, "state"}, kAdded{StateReading::Kind::kAdd, "state"};

std::vector<Finding> units_of(const EpisodeSource& source, const StateReading& reading) {
  std::vector<Finding> out;
  check_units(source, reading, out);
  return out;
}

std::vector<Finding> case_findings(const std::string& name, const StateReading& reading) {
  return units_of(*open_source(fs::path("tests/fixtures/cases/model") / name / "log.npz"), reading);
}

std::vector<std::string> kinds(const std::vector<Finding>& findings) {
  std::vector<std::string> out;
  for (const auto& finding : findings) out.push_back(finding.kind);
  return out;
}

TEST(Units, OfAGoodArmLogAreInOrder) { EXPECT_THAT(case_findings("70_arm_log_good", kPoses), IsEmpty()); }

TEST(Units, MillimetresDegreesAndA255GripperAreCertain) {
  const auto findings = case_findings("71_arm_log_mm_deg_255", kPoses);
  ASSERT_THAT(kinds(findings), UnorderedElementsAre("millimetres", "degrees", "gripper"));
  for (const auto& finding : findings) EXPECT_TRUE(finding.certain) << finding.text;
  EXPECT_THAT(findings[0].text, HasSubstr("'state' [0] to [2] lie in [-97"));
  EXPECT_THAT(findings[2].text, HasSubstr("255"));
  EXPECT_THAT(case_findings("71_arm_log_mm_deg_255", {}), IsEmpty()) << "a column alone does not say what it is";
}

TEST(Units, AQuaternionIsNoEulerAngles) {
  const auto findings = case_findings("73_arm_log_quaternion", kPoses);
  ASSERT_THAT(kinds(findings), ElementsAre("quaternion"));
  EXPECT_TRUE(findings[0].certain);
  EXPECT_THAT(findings[0].text, HasSubstr("three Euler angles"));
}

/// A set of two episodes with these states.
class Logs : public ::testing::Test {
 protected:
  std::unique_ptr<EpisodeSource> with(const std::string& column, const Tensor& rows) {
    const int64_t half = rows.size(0) / 2;
    const fs::path path = folder_ / (std::to_string(++count_) + ".npz");
    write_npz(path, {{column, rows},
                     {"pixels", at::zeros({rows.size(0), 4, 4, 3}, at::kByte)},
                     {"ep_len", torch::tensor({half, rows.size(0) - half}, at::kLong)}});
    return open_source(path);
  }

  TemporaryFolder folder_;
  int count_ = 0;
};

TEST_F(Logs, APoseOfAnotherSizeIsCertain) {
  const auto findings = units_of(*with("state", Random(1, Stream::kTest).uniform_tensor({20, 6})), kPoses);
  ASSERT_THAT(kinds(findings), ElementsAre("state_size"));
  EXPECT_TRUE(findings[0].certain);
}

TEST_F(Logs, WhatCouldBeMeantIsNotCertain) {
  Tensor rows = Random(2, Stream::kTest).uniform_tensor({20, 7}) * 0.5;
  rows.select(1, 0).add_(8);    // a mobile base
  rows.select(1, 4).mul_(20);   // counted on over a turn and a half
  rows.select(1, 6).mul_(2.4);  // a gripper that overshoots
  const auto findings = units_of(*with("state", rows), kPoses);
  EXPECT_THAT(kinds(findings), UnorderedElementsAre("millimetres", "degrees", "gripper"));
  for (const auto& finding : findings) EXPECT_FALSE(finding.certain) << finding.text;
}

TEST_F(Logs, AnAngleThatJumpsByATurnIsNamedWithItsRow) {
  constexpr double kPi = std::numbers::pi;
  const Tensor going = at::arange(40, at::kDouble) * 0.4;
  for (const auto& [turn, begin] : {std::pair{2 * kPi, -kPi}, std::pair{2 * kPi, 0.0}, std::pair{360.0, -180.0}}) {
    const Tensor angle = (going * (turn / (2 * kPi))).fmod(turn) + begin;
    const auto source = with("state", at::stack({going * 0.1, angle}, 1));
    const auto findings = units_of(*source, kAdded);
    ASSERT_THAT(kinds(findings), ElementsAre("angle_wraps")) << turn << " from " << begin;
    EXPECT_TRUE(findings[0].certain);
    EXPECT_EQ(findings[0].row, 16) << "16 * 0.4 is the first above a turn";
    EXPECT_EQ(findings[0].episode, source->info().names[0]);
    EXPECT_THAT(findings[0].text, HasSubstr("'state' [1]"));
    EXPECT_THAT(units_of(*source, {}), IsEmpty());
  }
}

TEST_F(Logs, NumbersThatOnlyReachAsFarDoNotWrap) {
  const Tensor swing = (at::arange(60, at::kDouble) * 0.3).sin() * std::numbers::pi;
  EXPECT_THAT(units_of(*with("state", at::stack({swing, swing * 0.5}, 1)), kAdded), IsEmpty());
}

TEST_F(Logs, AGripperInMetresIsLikely) {
  Tensor rows = Random(2, Stream::kTest).uniform_tensor({20, 7}) * 0.5;
  rows.select(1, 6).mul_(0.16);  // fingers 8 cm apart
  const auto findings = units_of(*with("state", rows), kPoses);
  ASSERT_THAT(kinds(findings), ElementsAre("gripper"));
  EXPECT_FALSE(findings[0].certain);
  EXPECT_THAT(findings[0].text, HasSubstr("opening in metres"));
}

TEST_F(Logs, ActionsThatTheStateFollowsInOtherUnitsAreNamed) {
  const Tensor moved = Random(4, Stream::kTest).uniform_tensor({40, 2}) * 0.1 - 0.05;
  const Tensor states = at::cat({at::zeros({1, 2}), moved.slice(0, 0, 39).cumsum(0)});
  const auto found = [&](double factor, const StateReading& reading) {
    const fs::path path = folder_ / (std::to_string(++count_) + ".npz");
    write_npz(path, {{"state", states},
                     {"action", moved * factor},
                     {"pixels", at::zeros({40, 4, 4, 3}, at::kByte)},
                     {"ep_len", torch::tensor({40}, at::kLong)}});
    return units_of(*open_source(path), reading);
  };
  EXPECT_THAT(found(1, kAdded), IsEmpty());
  const auto millimetres = found(1000, kAdded), twice = found(2, kAdded);
  ASSERT_THAT(kinds(millimetres), ElementsAre("action_units"));
  EXPECT_TRUE(millimetres[0].certain);
  EXPECT_THAT(millimetres[0].text, HasSubstr("'action' [0] is 1000 times what 'state' [0] then moves by"));
  ASSERT_THAT(kinds(twice), ElementsAre("action_units"));
  EXPECT_FALSE(twice[0].certain);
  EXPECT_THAT(found(1000, {StateReading::Kind::kAdd, "state", /*recorded_actions=*/false}), IsEmpty());
  EXPECT_THAT(found(1000, {}), IsEmpty());
}

TEST_F(Logs, ANumberThatIsNoneIsNamedWithItsRowAndColumn) {
  Tensor rows = Random(3, Stream::kTest).uniform_tensor({20, 3});
  rows[13][2] = std::numeric_limits<double>::quiet_NaN();
  rows[4][1] = std::numeric_limits<double>::infinity();
  std::vector<std::string> texts;
  for (const auto& finding : check_source(*with("state", rows))) texts.push_back(finding.text);
  EXPECT_THAT(texts, Contains(HasSubstr("'state' [2] holds NaN inside an episode in 1 row, first in row 3 of ")));
  EXPECT_THAT(texts, Contains(HasSubstr("'state' [1] holds infinity in 1 row, first in row 4 of ")));
}

TEST_F(Logs, ActionsThatSeemNormalisedAreSaid) {
  EXPECT_THAT(kinds(check_source(*open_source("tests/fixtures/cases/model/83_normalised_actions/log.npz"))),
              Contains("normalised"));
  const auto raw = open_source("tests/fixtures/cases/model/84_raw_actions/log.npz");
  EXPECT_THAT(kinds(check_source(*raw)), Not(Contains("normalised")));
  const auto other = with("action", raw->read_all("action") * 100);
  const EpisodeSource* const both[] = {raw.get(), other.get()};
  const auto findings = check_sources(both);
  const auto found =
      std::find_if(findings.begin(), findings.end(), [](const Finding& f) { return f.kind == "scales_differ"; });
  ASSERT_NE(found, findings.end());
  EXPECT_FALSE(found->certain);
  EXPECT_THAT(found->text, HasSubstr("standard deviation"));
}

TEST(Units, AnActionThatNeverMovesIsNamedWithItsValue) {
  const auto findings = check_source(*open_source("tests/fixtures/cases/model/75_lewm_constant_action/log.npz"));
  ASSERT_THAT(kinds(findings), Contains("constant"));
  for (const auto& finding : findings) {
    if (finding.kind == "constant") {
      EXPECT_THAT(finding.text, HasSubstr("2 (always 0.5)"));
    }
    EXPECT_THAT(finding_kinds(), Contains(finding.kind));
  }
}

}  // namespace
}  // namespace foresee::data
