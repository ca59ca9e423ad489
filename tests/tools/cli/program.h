#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace foresee::tests {

/// What a run of the program gave.
struct Outcome {
  int exit_code = -1;  // -1: ended by a signal
  std::string out, err;
};

/// build/.../foresee, beside the folder of this test executable.
std::filesystem::path program_path();

/// What happens to a run besides its arguments.
struct Disturbance {
  int signal = 0;                      // sent ...
  std::filesystem::path when_exists;   // ... as soon as this exists (or at once)
  int after_ms = 0;                    // ... and so long after that
  unsigned long file_limit_bytes = 0;  // no file may grow beyond this: a full disk; 0: no limit
  unsigned long open_files_limit = 0;  // so many descriptors at a time; 0: as they are
  std::filesystem::path folder;        // where it runs; empty: here
  unsigned limit_s = 0;                // ended by a signal after so long: it waits for something; 0: no limit
};

/// Runs `foresee ARGUMENTS...` to its end.
Outcome run_program(const std::vector<std::string>& arguments, const Disturbance& disturbance = {});

}  // namespace foresee::tests
