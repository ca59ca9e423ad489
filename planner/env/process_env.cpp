#include "planner/env/process_env.h"

#include <ATen/ATen.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <tuple>

#include "jepa/core/error.h"
#include "jepa/core/files/json.h"

namespace foresee::planner {
namespace {

using nlohmann::json;

std::vector<double> numbers(const json& answer, const char* key, const std::string& command) {
  return JsonView(answer, fmt::format("process '{}'", command)).numbers(key);
}

/// "solved" and "distance" of an answer; false and 0 where it has none.
std::pair<bool, double> outcome(const json& answer, const std::string& command) {
  const JsonView view(answer, fmt::format("process '{}'", command));
  return {view.truth_or("solved", false), view.number_or("distance", 0.0)};
}

}  // namespace

void describe(Fields& f, ProcessConfig& c) {
  f("command", c.command, "program to start, through /bin/sh: \"python3 my_env.py\"");
  f("timeout_s", c.timeout_s, "longest wait for one answer, seconds", {0.1, 1e6});
}

/// The started program with its two pipes.
class ProcessEnv::Child {
 public:
  Child(const std::string& command, double timeout_s) : command_(command), timeout_s_(timeout_s) {
    int in[2], out[2];  // sockets rather than pipes: writing to a dead program is then an error and not a signal
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0) fail("process: no pipe: {}", std::strerror(errno));
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out) != 0) {
      close(in[0]);
      close(in[1]);
      fail("process: no pipe: {}", std::strerror(errno));
    }
    pid_ = fork();
    if (pid_ == 0) {
      setpgid(0, 0);  // Ctrl-C is for Foresee, which ends its programs itself
      dup2(in[0], STDIN_FILENO);
      dup2(out[1], STDOUT_FILENO);
      execl("/bin/sh", "sh", "-c", command_.c_str(), static_cast<char*>(nullptr));
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    in_ = in[1];
    out_ = out[0];
    if (pid_ < 0) {
      close(in_);
      close(out_);
      fail("process: cannot start '{}': {}", command_, std::strerror(errno));
    }
  }

  ~Child() {
    close(in_);
    close(out_);
    for (int wait_ms = 0; wait_ms < 1000; wait_ms += 10) {  // it ends with its input; one that does not is ended
      if (waitpid(pid_, nullptr, WNOHANG) != 0) return;
      usleep(10000);
    }
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  json ask(const json& request) {
    const std::string line = request.dump() + "\n";
    for (size_t sent = 0; sent < line.size();) {
      const ssize_t n = send(in_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) ended();
      sent += static_cast<size_t>(n);
    }
    size_t end;
    while ((end = buffer_.find('\n')) == std::string::npos) receive();
    const std::string text = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    const auto answer = try_parse_json(text, fmt::format("process '{}'", command_));
    if (!answer || !answer->is_object())
      fail("process '{}': expected one JSON object a line, got: {}", command_, short_json(json(text.substr(0, 200))));
    if (answer->contains("error")) fail("process '{}': {}", command_, short_json((*answer)["error"]));
    return *answer;
  }

  void read(uint8_t* out, size_t count) {
    while (buffer_.size() < count) receive();
    std::memcpy(out, buffer_.data(), count);
    buffer_.erase(0, count);
  }

 private:
  void receive() {
    pollfd ready{out_, POLLIN, 0};
    const int found = poll(&ready, 1, static_cast<int>(timeout_s_ * 1000));
    if (found < 0 && errno == EINTR) return;
    if (found == 0) fail("process '{}': no answer within {} s", command_, timeout_s_);
    char bytes[65536];
    const ssize_t n = ::read(out_, bytes, sizeof(bytes));
    if (n < 0 && errno == EINTR) return;
    if (n <= 0) ended();
    buffer_.append(bytes, static_cast<size_t>(n));
  }

  [[noreturn]] void ended() { fail("process '{}' has ended; see what it wrote to standard error", command_); }

  std::string command_;
  double timeout_s_;
  pid_t pid_;
  int in_, out_;
  std::string buffer_;
};

ProcessEnv::ProcessEnv(ProcessConfig config) : config_(std::move(config)) {
  if (config_.command.empty())
    fail<ConfigError>("process: expected a program, --set world.process.command=\"python3 my_env.py\"");
  child_ = std::make_unique<Child>(config_.command, config_.timeout_s);
  const json spec = child_->ask({{"do", "spec"}});
  actions_.low = numbers(spec, "action_low", config_.command);
  actions_.high = numbers(spec, "action_high", config_.command);
  actions_.size = static_cast<int64_t>(actions_.low.size());
  actions_.block = 1;
  if (actions_.low.empty() || actions_.low.size() != actions_.high.size())
    fail("process '{}': action_low has {} numbers, action_high {}", config_.command, actions_.low.size(),
         actions_.high.size());
  RandomSequence random(Random(0, Stream::kEnvReset));
  reset(random);
}

ProcessEnv::~ProcessEnv() = default;

std::unique_ptr<Env> ProcessEnv::clone() const {
  auto copy = std::make_unique<ProcessEnv>(config_);
  copy->restore(*this);
  return copy;
}

void ProcessEnv::reset(RandomSequence& random) {
  const auto seed = static_cast<uint64_t>(random.uniform() * 0x1p31);
  const json answer = child_->ask({{"do", "reset"}, {"seed", seed}});
  state_ = numbers(answer, "state", config_.command);
  goal_ = numbers(answer, "goal", config_.command);
  set_goal(goal_);  // for distance and success
}

bool ProcessEnv::step(std::span<const double> action) {
  FORESEE_CHECK(static_cast<int64_t>(action.size()) == actions_.size, "expected an action of {} numbers, got {}",
                actions_.size, action.size());
  const json answer = child_->ask({{"do", "step"}, {"action", std::vector<double>(action.begin(), action.end())}});
  state_ = numbers(answer, "state", config_.command);
  std::tie(solved_, distance_) = outcome(answer, config_.command);
  return solved_;
}

void ProcessEnv::set_state(std::span<const double> state) {
  const json answer = child_->ask({{"do", "set_state"}, {"state", std::vector<double>(state.begin(), state.end())}});
  state_ = numbers(answer, "state", config_.command);
  std::tie(solved_, distance_) = outcome(answer, config_.command);
}

void ProcessEnv::set_goal(std::span<const double> goal) {
  goal_.assign(goal.begin(), goal.end());
  const json answer = child_->ask({{"do", "set_goal"}, {"goal", goal_}});
  std::tie(solved_, distance_) = outcome(answer, config_.command);
}

Tensor ProcessEnv::picture(const char* what, int64_t size) const {
  FORESEE_CHECK(size > 0, "expected a positive picture size, got {}", size);
  const json answer = child_->ask({{"do", what}, {"size", size}});
  const int64_t bytes = JsonView(answer, fmt::format("process '{}'", config_.command)).integer_or("bytes", 0);
  if (bytes != 3 * size * size)
    fail("process '{}': a picture of {} x {} has {} bytes, it sends {}", config_.command, size, size, 3 * size * size,
         bytes);
  Tensor image = at::empty({size, size, 3}, at::kByte);
  child_->read(image.data_ptr<uint8_t>(), static_cast<size_t>(bytes));
  return image.permute({2, 0, 1}).contiguous();
}

Tensor ProcessEnv::render(int64_t size) const { return picture("render", size); }
Tensor ProcessEnv::render_goal(int64_t size) const { return picture("render_goal", size); }

}  // namespace foresee::planner
