// The starter: what it says when a library is missing.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "jepa/core/files/file.h"
#include "tests/support/temporary_folder.h"
#include "tests/tools/cli/program.h"

namespace foresee::tests {
namespace {

namespace fs = std::filesystem;

/// Sets a variable of the environment while it lives.
struct Variable {
  std::string name;
  Variable(const std::string& variable, const std::string& value) : name(variable) {
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Variable() { ::unsetenv(name.c_str()); }
};

TEST(Starter, LooksFirstWhereTheUserSays) {
  const TemporaryFolder folder;
  std::ofstream(folder / "libtorch_cpu.so") << "no library";
  const Variable named("FORESEE_LIBRARY_PATH", "/nowhere:" + folder.path().string());
  const Outcome outcome = run_program({"--version"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_TRUE(outcome.err.starts_with("foresee: LibTorch does not load: " + (folder / "libtorch_cpu.so").string()))
      << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
}

TEST(Starter, NamesTheCommandsWhenTheyAreMissing) {
  const TemporaryFolder folder;
  fs::copy_file(program_path(), folder / "foresee");
  const std::string error = (folder / "err").string();
  const int status = std::system(("'" + (folder / "foresee").string() + "' doctor 2>'" + error + "'").c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_TRUE(read_file(error).starts_with("foresee: libforesee_program.so is missing")) << read_file(error);
}

}  // namespace
}  // namespace foresee::tests
