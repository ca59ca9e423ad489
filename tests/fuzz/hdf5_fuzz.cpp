// libFuzzer target of HDF5 episodes: whatever the bytes are, they are read or refused with an Error, in bounded time
// and memory. As in the program, a child process walks the structure first: where libhdf5 crashes there, that is a
// refusal. Here one child walks many files, as starting one takes longer than a walk; after a crash there is a new one.
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "data/episode/hdf5/array.h"
#include "jepa/core/error.h"
#include "tests/fuzz/read_episodes.h"
#include "tests/support/input_file.h"

namespace foresee::data {
void walk_hdf5_structure(const std::filesystem::path& path);  // data/episode/hdf5/storage.h, which needs hdf5.h
}

namespace {

constexpr int kLongest_ms = 15'000, kMostAsked = 1000;  // of one child: libhdf5 may keep something of a damaged file

/// The child's part: answers each path with a line, "+" or "-" and why not.
[[noreturn]] void walk_files(int socket) {
  for (const int number : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) ::signal(number, SIG_DFL);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  std::string path;
  for (char byte = 0; ::read(socket, &byte, 1) == 1;) {
    if (byte != '\n') {
      path += byte;
      continue;
    }
    std::string answer = "+";
    try {
      foresee::data::walk_hdf5_structure(path);
    } catch (const std::exception& error) {
      answer = "-" + std::string(error.what()).substr(0, 2000);
      std::replace(answer.begin(), answer.end(), '\n', ' ');
    }
    answer += '\n';
    if (::write(socket, answer.data(), answer.size()) < 0) break;
    path.clear();
  }
  ::_exit(0);
}

class Walker {
 public:
  ~Walker() { stop(); }

  /// What the child says of a file; empty where it crashes or takes too long.
  std::string ask(const std::string& path) {
    if (++asked_ > kMostAsked) stop();
    if (child_ <= 0) start();
    const std::string line = path + "\n";
    std::string answer;
    bool sent = ::send(socket_, line.data(), line.size(), MSG_NOSIGNAL) > 0;
    for (pollfd ready{socket_, POLLIN, 0}; sent && !answer.ends_with('\n');) {
      const int found = ::poll(&ready, 1, kLongest_ms);
      if (found < 0 && errno == EINTR) continue;
      char bytes[256];
      const ssize_t count = found > 0 ? ::read(socket_, bytes, sizeof bytes) : 0;
      if (count <= 0) break;
      answer.append(bytes, static_cast<size_t>(count));
    }
    if (answer.ends_with('\n')) return answer;
    stop();
    return {};
  }

 private:
  void start() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("no sockets");
    child_ = ::fork();
    if (child_ < 0) throw std::runtime_error("cannot fork");
    if (child_ == 0) {
      ::close(ends[0]);
      walk_files(ends[1]);
    }
    ::close(ends[1]);
    socket_ = ends[0];
    asked_ = 1;
  }

  void stop() {
    if (child_ <= 0) return;
    ::close(socket_);
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }

  pid_t child_ = -1;
  int socket_ = -1, asked_ = 0;
};

}  // namespace

namespace foresee::data {

void check_hdf5_structure(const std::filesystem::path& path) {
  static Walker walker;
  const std::string answer = walker.ask(path.string());
  if (answer.empty()) fail<DataError>("{}: the HDF5 library crashes on it, or does not end", path.string());
  if (answer.front() == '-') fail<DataError>("{}", answer.substr(1));
}

}  // namespace foresee::data

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace foresee;
  const InputFile file({reinterpret_cast<const char*>(data), size});
  try {
    read_episodes(*data::open_hdf5(file.path(), any_columns()));
  } catch (const Error&) {
  }
  try {
    const Tensor array = data::read_hdf5_array(file.path(), "action");
    if (array.defined()) array.sum();
  } catch (const Error&) {
  }
  return 0;
}
