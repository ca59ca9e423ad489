// What decides that a recorded value holds (rules: tests/fixtures/README.md).
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/io/safetensors.h"
#include "tests/support/temporary_folder.h"
#include "tools/verify/case.h"

namespace foresee::parity {
namespace {

/// A case with one expected tensor [0, 1, 2, 3] under the given tolerance.
class VerifyTest : public ::testing::Test {
 protected:
  void SetUp() override { save_safetensors(folder_ / "io.safetensors", {{"x", at::arange(4, at::kFloat)}}); }

  Comparison compare(nlohmann::ordered_json tolerance, const Tensor& value) {
    tolerance["role"] = "expected";
    write_json(folder_ / "case.json", {{"kind", "test"}, {"number", 3}, {"values", {{"io.safetensors:x", tolerance}}}});
    Case recorded(folder_.path());
    if (value.defined()) recorded.expect_io("x", value);
    return recorded.results().at(0);
  }

  TemporaryFolder folder_;
};

TEST_F(VerifyTest, AValueWithinItsToleranceHolds) {
  const Tensor x = at::arange(4, at::kFloat);
  EXPECT_TRUE(compare({{"atol", 0}, {"rtol", 0}}, x).passed);
  EXPECT_TRUE(compare({{"atol", 0.01}, {"rtol", 0}}, x + 0.009).passed);
  EXPECT_TRUE(compare({{"atol", 0}, {"rtol", 0.01}}, x * 1.009).passed);
}

TEST_F(VerifyTest, AValueOutsideItsToleranceFails) {
  const Tensor x = at::arange(4, at::kFloat);
  EXPECT_FALSE(compare({{"atol", 0}, {"rtol", 0}}, x + 1e-6).passed);
  EXPECT_FALSE(compare({{"atol", 0.01}, {"rtol", 0}}, x + 0.011).passed);
  EXPECT_FALSE(compare({{"atol", 1}, {"rtol", 1}}, x.reshape({2, 2})).passed);
  EXPECT_FALSE(compare({{"atol", 1}, {"rtol", 1}}, x * NAN).passed);
}

TEST_F(VerifyTest, BadFractionLetsThatShareMissButNeverBeyondTheHardLimit) {
  Tensor x = at::arange(4, at::kFloat);
  x[1] += 0.5;
  const nlohmann::ordered_json quarter{{"atol", 0.01}, {"rtol", 0}, {"bad_fraction", 0.25}, {"hard_atol", 0.6}};
  EXPECT_TRUE(compare(quarter, x).passed);
  x[2] += 0.5;
  EXPECT_FALSE(compare(quarter, x).passed);
  x = at::arange(4, at::kFloat);
  x[1] += 0.7;
  EXPECT_FALSE(compare(quarter, x).passed);
}

TEST_F(VerifyTest, MeanToleranceHoldsOverTheWholeTensor) {
  const nlohmann::ordered_json mean{{"atol", 1}, {"rtol", 0}, {"mean_atol", 0.1}};
  EXPECT_TRUE(compare(mean, at::arange(4, at::kFloat) + 0.05).passed);
  EXPECT_FALSE(compare(mean, at::arange(4, at::kFloat) + 0.2).passed);
}

TEST_F(VerifyTest, AValueThatNothingComputesFailsByName) {
  const auto row = compare({{"atol", 1}, {"rtol", 1}}, Tensor());
  EXPECT_FALSE(row.passed);
  EXPECT_EQ(row.reason, "not covered: io.safetensors:x");
}

TEST_F(VerifyTest, AFolderThatIsNoCaseIsNamed) {
  EXPECT_THROW(Case(folder_ / "absent"), DataError);
  write_file(folder_ / "case.json", "{\"kind\": 3}");
  EXPECT_THROW(Case{folder_.path()}, DataError);
}

}  // namespace
}  // namespace foresee::parity
