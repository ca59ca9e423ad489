#include "tests/tools/cli/program.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

#include "jepa/core/files/file.h"
#include "tests/support/temporary_folder.h"

namespace foresee::tests {

namespace fs = std::filesystem;

fs::path program_path() {
  // build/PRESET/tests/tools/cli/test_x -> build/PRESET/foresee
  fs::path folder = fs::canonical("/proc/self/exe").parent_path();
  while (folder.has_relative_path() && !fs::is_regular_file(folder / "foresee")) folder = folder.parent_path();
  return folder / "foresee";
}

Outcome run_program(const std::vector<std::string>& arguments, const Disturbance& disturbance) {
  const TemporaryFolder folder;
  const std::string out = (folder / "out").string(), err = (folder / "err").string(), program = program_path().string();
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) {
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
    if (disturbance.file_limit_bytes > 0) {
      std::signal(SIGXFSZ, SIG_IGN);  // inherited: writes fail instead of ending the program
      const rlimit limit{disturbance.file_limit_bytes, disturbance.file_limit_bytes};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    if (disturbance.open_files_limit > 0) {
      const rlimit limit{disturbance.open_files_limit, disturbance.open_files_limit};
      ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (!disturbance.folder.empty() && ::chdir(disturbance.folder.c_str()) != 0) ::_exit(126);
    if (disturbance.limit_s > 0) ::alarm(disturbance.limit_s);
    ::execv(program.c_str(), argv.data());
    ::_exit(127);
  }
  int status = 0;
  if (disturbance.signal != 0) {
    const auto wait = [](int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); };
    bool ended = false;
    while (!disturbance.when_exists.empty() && !fs::exists(disturbance.when_exists) &&
           !(ended = ::waitpid(child, &status, WNOHANG) == child))
      wait(2);
    if (!ended) {
      wait(disturbance.after_ms);
      ::kill(child, disturbance.signal);
      ::waitpid(child, &status, 0);
    }
  } else {
    ::waitpid(child, &status, 0);
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(out), read_file(err)};
}

}  // namespace foresee::tests
