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

/// Runs `foresee ARGUMENTS...` to its end. @param signal_after_ms, signal  send this signal after so long (0: none).
Outcome run_program(const std::vector<std::string>& arguments, int signal = 0, int signal_after_ms = 0);

}  // namespace foresee::tests
