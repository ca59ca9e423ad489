#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "tests/support/parity.h"
#include "tests/support/temporary_folder.h"

namespace foresee::parity {
namespace {

class SolverTrace : public testing::TestWithParam<const char*> {};

TEST_P(SolverTrace, EqualsTheRecordedOne) {
  expect_case_passes(std::string("planner/") + GetParam(), &verify_solver_trace);
}

INSTANTIATE_TEST_SUITE_P(Solvers, SolverTrace,
                         testing::Values("cem", "cem_warm_start", "cem_batched", "cem_protocol", "icem", "icem_best",
                                         "icem_warm_start", "mppi", "mppi_all_samples", "predictive_sampling",
                                         "categorical_cem", "categorical_cem_smooth", "gd", "gd_noise",
                                         "gd_adamw_clip"),
                         [](const auto& info) { return info.param; });

TEST(SolverTrace, NamesASolverThatIsNotThere) {
  const TemporaryFolder folder;
  std::filesystem::copy("tests/fixtures/planner/gd", folder / "case");
  std::string text = read_file(folder / "case" / "case.json");
  text.replace(text.find("\"gd\""), 4, "\"genetic\"");
  write_file(folder / "case" / "case.json", text);
  try {
    verify_case(folder / "case", &verify_solver_trace);
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("unknown solver 'genetic'"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace foresee::parity
