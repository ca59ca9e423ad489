// libFuzzer target of the process protocol: whatever a program answers, the environment works or ends with an Error, in
// bounded time and memory. The input is its answers, a zero byte behind each. No program is started: the child here
// says what the input holds, some bytes at a time, and ends behind it.
#include <ATen/ATen.h>

#include <algorithm>
#include <string_view>

#include "jepa/core/error.h"
#include "planner/env/child_process.h"
#include "planner/env/process_env.h"

namespace {
std::string_view later, answer;  // of the input: behind the present answer, and what is left of that
}  // namespace

namespace foresee::planner {

ChildProcess::ChildProcess(std::string command, double timeout_s)
    : command_(std::move(command)), timeout_s_(timeout_s) {}
ChildProcess::~ChildProcess() = default;

void ChildProcess::begin(const std::string&) {
  answer = later.substr(0, later.find('\0'));
  later.remove_prefix(std::min(answer.size() + 1, later.size()));
}

void ChildProcess::receive() {
  if (answer.empty()) fail("process '{}' has ended{}", command_, last_words());
  const std::string_view some = answer.substr(0, 16);
  buffer_ += some;
  answer.remove_prefix(some.size());
}

}  // namespace foresee::planner

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace foresee;
  later = {reinterpret_cast<const char*>(data), size};
  try {
    planner::ProcessEnv env({.command = "input"});
    env.render(4).sum();
    env.step(std::vector<double>(static_cast<size_t>(env.action_spec().size), 0.5));
    env.set_state(env.state());
    env.render_goal(4).sum();
  } catch (const Error&) {
  }
  return 0;
}
