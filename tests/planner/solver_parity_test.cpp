#include "jepa/core/error.h"
#include "tests/support/parity.h"

namespace foresee::parity {
namespace {

class SolverTrace : public testing::TestWithParam<const char*> {};

TEST_P(SolverTrace, EqualsTheRecordedOne) {
  expect_case_passes(std::string("planner/") + GetParam(), &verify_solver_trace);
}

INSTANTIATE_TEST_SUITE_P(Solvers, SolverTrace,
                         testing::Values("cem", "cem_warm_start", "cem_batched", "cem_protocol", "icem", "icem_best",
                                         "icem_warm_start", "mppi", "mppi_all_samples", "predictive_sampling"),
                         [](const auto& info) { return info.param; });

TEST(SolverTrace, NamesASolverThatIsNotThere) {
  try {
    verify_case("tests/fixtures/planner/gd", &verify_solver_trace);
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("unknown solver 'gd'"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace foresee::parity
