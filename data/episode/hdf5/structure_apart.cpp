// Walks a file in a child process. The fuzz target of HDF5 has a child of its own instead (tests/fuzz/hdf5_fuzz.cpp).
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <set>
#include <tuple>

#include "data/episode/hdf5/storage.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/system_reason.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostWords = 2000;  // of the child's message

/// The child's part: one byte '+', or '-' and a message; nothing where it crashes.
[[noreturn]] void run_child(const fs::path& path, int out) {
  for (const int number : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) ::signal(number, SIG_DFL);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  std::string answer = "+";
  try {
    walk_hdf5_structure(path);
  } catch (const std::exception& error) {
    answer = "-" + std::string(error.what()).substr(0, kMostWords);
  }
  const ssize_t ignored = ::write(out, answer.data(), answer.size());  // less than a pipe holds
  (void)ignored;
  ::_exit(0);
}

/// How long a sound file may take: lists of bytes are read as a whole, at some 10 MB/s from a slow disk.
std::chrono::seconds longest_walk(off_t file_bytes) {
  constexpr off_t kSlowest = 10 << 20;
  return std::chrono::seconds(15 + file_bytes / kSlowest);
}

/// What the child says until it ends or the time is over; then it is ended.
std::string listen(int in, pid_t child, std::chrono::seconds longest) {
  const auto until = std::chrono::steady_clock::now() + longest;
  std::string answer;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd ready{in, POLLIN, 0};
    const int found = left.count() > 0 ? ::poll(&ready, 1, static_cast<int>(left.count())) : 0;
    if (found < 0 && errno == EINTR) continue;
    if (found <= 0) {
      ::kill(child, SIGKILL);
      return "?";
    }
    char bytes[256];
    const ssize_t count = ::read(in, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return answer;
    answer.append(bytes, static_cast<size_t>(count));
  }
}

}  // namespace

void check_hdf5_structure(const fs::path& path) {
  using State = std::tuple<dev_t, ino_t, off_t, time_t, long>;
  static std::set<State> sound;  // guarded by the library's lock
  struct stat status {};
  if (const auto reason = why_not_a_file(path)) fail<DataError>("{}: {}", path.string(), *reason);
  if (::stat(path.c_str(), &status) != 0) fail<DataError>("{}: {}", path.string(), system_reason(errno));
  const State state{status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  if (sound.contains(state)) return;
  // A fork of a program with threads may only do what needs no lock that another thread holds. The child calls libhdf5,
  // whose lock is ours, and the allocator, which the C library makes ready for it; it computes with no tensor.
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail("{}: cannot be checked: {}", path.string(), system_reason(errno));
  const pid_t child = ::fork();
  if (child == 0) run_child(path, ends[1]);
  const int code = errno;
  ::close(ends[1]);
  const auto longest = longest_walk(status.st_size);
  const std::string answer = child > 0 ? listen(ends[0], child, longest) : "";
  ::close(ends[0]);
  if (child < 0) fail("{}: cannot be checked: {}", path.string(), system_reason(code));
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (answer == "?") fail<DataError>("{}: its structure cannot be walked within {} s", path.string(), longest.count());
  if (answer.empty()) fail<DataError>("{}: is damaged: the HDF5 library crashes on it", path.string());
  if (answer.front() == '-') fail<DataError>("{}", answer.substr(1));
  sound.insert(state);
}

}  // namespace foresee::data
