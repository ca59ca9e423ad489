// libFuzzer target of the process protocol: whatever a program answers, the environment works or ends with an Error, in
// bounded time and memory. The input is its answers, a zero byte behind each.
#include <ATen/ATen.h>

#include "jepa/core/error.h"
#include "planner/env/process_env.h"
#include "tests/support/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace foresee;
  const InputFile file({reinterpret_cast<const char*>(data), size});
  try {
    planner::ProcessEnv env({.command = "exec " FORESEE_ANSWERS " " + file.path().string(), .timeout_s = 5});
    env.render(4).sum();
    env.step(std::vector<double>(static_cast<size_t>(env.action_spec().size), 0.5));
    env.set_state(env.state());
    env.render_goal(4).sum();
  } catch (const Error&) {
  }
  return 0;
}
