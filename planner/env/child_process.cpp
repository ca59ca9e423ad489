#include "planner/env/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "jepa/core/error.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/log.h"
#include "jepa/core/text/printable.h"

namespace foresee::planner {
namespace {

// Of standard error: what is taken in before the clock is looked at again, and lines that are passed on per question.
constexpr size_t kHeardAtOnce = 64 << 10;
constexpr int64_t kMostLines = 100;

/// Two connected sockets: writing to one whose other end is gone is an error and not a signal. Closed unless taken.
class SocketPair {
 public:
  SocketPair() {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()) != 0)
      fail("cannot start a program: no sockets: {}", system_reason(errno));
  }
  ~SocketPair() {
    for (const int end : ends_)
      if (end >= 0) ::close(end);
  }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;

  int ours() const { return ends_[0]; }
  int theirs() const { return ends_[1]; }
  int take_ours() { return std::exchange(ends_[0], -1); }

 private:
  std::array<int, 2> ends_{-1, -1};
};

}  // namespace

ChildProcess::ChildProcess(std::string command, double timeout_s)
    : command_(std::move(command)), timeout_s_(timeout_s) {
  SocketPair in, out, err;
  pid_ = ::fork();
  if (pid_ < 0) fail("cannot start '{}': {}", command_, system_reason(errno));
  if (pid_ == 0) {
    ::setpgid(0, 0);  // Ctrl-C is for Foresee, which ends its programs itself
    ::dup2(in.theirs(), STDIN_FILENO);
    ::dup2(out.theirs(), STDOUT_FILENO);
    ::dup2(err.theirs(), STDERR_FILENO);
    ::execl("/bin/sh", "sh", "-c", command_.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  in_ = in.take_ours();
  out_ = out.take_ours();
  err_ = err.take_ours();
  ::fcntl(in_, F_SETFL, O_NONBLOCK);  // a child that does not read is not waited for without end
}

ChildProcess::~ChildProcess() {
  ::close(in_);
  ::close(out_);
  for (int waited_ms = 0; waited_ms < 1000; waited_ms += 10) {  // one that does not end with its input is ended
    hear_errors();
    if (::waitpid(pid_, nullptr, WNOHANG) != 0) {
      pid_ = -1;
      break;
    }
    ::usleep(10'000);
  }
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  hear_errors();
  ::close(err_);
}

void ChildProcess::begin(const std::string& line) {
  if (lines_heard_ > kMostLines) log_info("process: {} more lines on standard error", lines_heard_ - kMostLines);
  lines_heard_ = 0;
  deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(timeout_s_));
  for (size_t sent = 0; sent < line.size();) {
    const ssize_t count = ::send(in_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (count > 0)
      sent += static_cast<size_t>(count);
    else if (errno == EAGAIN)
      wait_for(in_, POLLOUT);
    else if (errno != EINTR)
      ended();
  }
}

void ChildProcess::receive() {
  wait_for(out_, POLLIN);
  std::array<char, 65536> bytes{};
  const ssize_t count = ::read(out_, bytes.data(), bytes.size());
  if (count < 0 && errno == EINTR) return;
  if (count <= 0) ended();
  buffer_.append(bytes.data(), static_cast<size_t>(count));
}

void ChildProcess::wait_for(int descriptor, short events) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    if (left <= 0) fail("process '{}': no complete answer within {} s{}", command_, timeout_s_, last_words());
    std::array<pollfd, 2> watched{{{descriptor, events, 0}, {err_, POLLIN, 0}}};
    const int found = ::poll(watched.data(), watched.size(), static_cast<int>(std::min<int64_t>(left, 60'000)));
    if (found < 0 && errno != EINTR) fail("process '{}': {}", command_, system_reason(errno));
    if (found <= 0) continue;
    const bool heard = watched[1].revents != 0 && hear_errors();
    if (watched[0].revents != 0) return;
    if (!heard) ::usleep(1000);  // it closed its standard error
  }
}

bool ChildProcess::hear_errors() {
  bool heard = false;
  std::array<char, 4096> bytes{};
  size_t taken = 0;
  for (ssize_t count = 0;
       taken < kHeardAtOnce && (count = ::recv(err_, bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0;) {
    heard = true;
    taken += static_cast<size_t>(count);
    errors_.append(bytes.data(), static_cast<size_t>(count));
    size_t begin = 0;
    for (size_t end = 0; (end = errors_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const std::string line = printable(std::string_view(errors_).substr(begin, end - begin));
      if (line.find_first_not_of(' ') == std::string::npos) continue;
      if (++lines_heard_ <= kMostLines) log_info("process: {}", line);
      last_error_ = line;
    }
    errors_.erase(0, begin);
    if (errors_.size() > kLongestLine) errors_.erase(0, errors_.size() - kLongestLine);
  }
  return heard;
}

void ChildProcess::ended() {
  std::string how = "has ended";
  for (int waited_ms = 0; waited_ms < 200; waited_ms += 10) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0) break;
    if (info.si_pid == pid_) {
      how = info.si_code == CLD_EXITED ? fmt::format("has ended with exit code {}", info.si_status)
                                       : fmt::format("was ended by signal {}", info.si_status);
      break;
    }
    ::usleep(10'000);
  }
  hear_errors();
  fail("process '{}' {}{}", command_, how, last_words());
}

}  // namespace foresee::planner
