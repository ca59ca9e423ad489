// What people call: see Note [Starter] in tools/start/libraries.h.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "known_libraries.h"
#include "tools/start/libraries.h"

namespace {

constexpr const char* kProgram = "libforesee_program.so";
constexpr int kUserMistake = 1;

int refuse(std::string why) {
  for (char& c : why)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';  // names of folders come from outside
  std::fprintf(stderr, "foresee: %s\n", why.c_str());
  return kUserMistake;
}

}  // namespace

/// Threads that wait for work sleep, unless the user says otherwise: on a machine that is never idle, threads that spin
/// take the processor from those that they wait for. The OpenMP library reads this when it is loaded.
/// @returns whether the variable was set here: it is taken back after that, since children would inherit it.
bool let_waiting_threads_sleep() {
  if (std::getenv("GOMP_SPINCOUNT") != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return false;
  return ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0) == 0;
}

int main(int argc, char** argv) {
  using namespace foresee::start;
  const bool policy_set = let_waiting_threads_sleep();
  const std::string folder = program_folder();
  std::string program = folder + "/" + kProgram;
  if (::access(program.c_str(), R_OK) != 0) program = folder + "/../lib/foresee/" + kProgram;
  if (::access(program.c_str(), R_OK) != 0)
    return refuse(std::string(kProgram) +
                  " is missing: it belongs beside the program or in ../lib/foresee; install again");
  for (const Library& library : kLibraries)
    if (const std::string problem = load_library(library); !problem.empty()) return refuse(problem);
  if (policy_set) ::unsetenv("OMP_WAIT_POLICY");
  // Global: HDF5's filters look for HDF5's functions there.
  void* const commands = ::dlopen(program.c_str(), RTLD_LAZY | RTLD_GLOBAL);
  void* const entry = commands != nullptr ? ::dlsym(commands, "foresee_main") : nullptr;
  if (entry == nullptr) {
    const char* error = ::dlerror();
    return refuse(std::string("a library is missing: ") + (error != nullptr ? error : program.c_str()) +
                  "; install it, or name its folder: FORESEE_LIBRARY_PATH=/path/to/folder");
  }
  return reinterpret_cast<int (*)(int, char**)>(entry)(argc, argv);
}
