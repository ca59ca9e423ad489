#pragma once

#include <string>
#include <vector>

namespace foresee::start {

// Note [Starter]
// The program that people call links none of the large libraries. It looks for them, loads them by their full paths in
// the order of their dependencies, and then loads the commands (libforesee_program.so). So an installed program may lie
// anywhere, no LD_LIBRARY_PATH is needed (children would inherit it), and a missing library is one clear line.

/// A shared library that the commands need.
struct Library {
  const char* part;    // what a person calls it: "LibTorch"
  const char* file;    // "libtorch_cpu.so"
  const char* folder;  // where it lay when the program was built
  bool optional;       // the system's serves as well
};

/// The folders of $FORESEE_LIBRARY_PATH, each followed by the places below it where the wheels keep their libraries.
std::vector<std::string> named_folders();

/// The folder of this program, symbolic links followed.
std::string program_folder();

/// The first of: the folders that were named, ../lib, ../lib/foresee, the folder known at build time.
/// @returns the full path; empty when the library lies nowhere.
std::string find_library(const Library& library);

/// Loads the library. @returns what went wrong, one line; empty when nothing did.
std::string load_library(const Library& library);

}  // namespace foresee::start
