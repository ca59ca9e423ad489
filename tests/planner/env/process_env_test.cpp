// Claims: an environment in a process of its own is an environment like any other, and one that misbehaves is an error
// of one line. The program is Python; where there is none the tests are skipped.
#include "planner/env/process_env.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "jepa/core/error.h"
#include "planner/env/rollout.h"
#include "planner/env/vector_env.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"

namespace foresee::planner {
namespace {

/// A point that moves by its action; no packages needed.
constexpr const char* kPoint = R"(
import json, sys
p, g, seed = [0.0, 0.0], [5.0, 0.0], 0
out = sys.stdout.buffer
for line in sys.stdin:
    r = json.loads(line); do = r["do"]; pixels = b""
    d = lambda: {"state": p, "goal": g, "distance": abs(p[0]-g[0]) + abs(p[1]-g[1]), "solved": abs(p[0]-g[0]) + abs(p[1]-g[1]) < 0.5}
    if do == "spec": a = {"action_low": [-1, -1], "action_high": [1, 1]}
    elif do == "reset": p = [0.0, float(r["seed"] % 7)]; g = [5.0, 0.0]; a = d()
    elif do == "step":
        p = [p[0] + r["action"][0], p[1] + r["action"][1]]; a = d()
        if p[0] > 100: sys.exit(1)
    elif do == "set_state": p = r["state"]; a = d()
    elif do == "set_goal": g = r["goal"]; a = d()
    else:
        s = r["size"]; v = int(p[0] if do == "render" else g[0]); pixels = bytes([v]) * (3 * s * s); a = {"bytes": len(pixels)}
    out.write(json.dumps(a).encode() + b"\n" + pixels); out.flush()
)";

class ProcessEnvTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("python3 -c 'import json' > /dev/null 2>&1") != 0) GTEST_SKIP() << "no python3";
    folder_ = std::filesystem::temp_directory_path() / ("foresee_process_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "point.py") << kPoint;
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  ProcessConfig point() const { return {.command = "exec python3 '" + (folder_ / "point.py").string() + "'"}; }

  std::filesystem::path folder_;
};

TEST_F(ProcessEnvTest, StepsStatesGoalsAndPictures) {
  ProcessEnv env(point());
  EXPECT_EQ(env.action_spec().high, (std::vector<double>{1, 1}));
  env.set_state(std::vector<double>{1, 0});
  env.set_goal(std::vector<double>{3, 0});
  EXPECT_FALSE(env.step(std::vector<double>{1, 0}));
  EXPECT_DOUBLE_EQ(env.distance_to_goal(), 1);
  EXPECT_EQ(env.render(8).sizes(), (std::vector<int64_t>{3, 8, 8}));
  EXPECT_EQ(env.render(8).max().item<int>(), 2);
  EXPECT_EQ(env.render_goal(8).max().item<int>(), 3);
  EXPECT_TRUE(env.step(std::vector<double>{1, 0}));
  EXPECT_TRUE(env.solved());
}

TEST_F(ProcessEnvTest, CopiesAreProcessesOfTheirOwn) {
  ProcessEnv env(point());
  env.set_state(std::vector<double>{1, 1});
  const auto copy = env.clone();
  copy->step(std::vector<double>{1, 0});
  EXPECT_EQ(env.state(), (std::vector<double>{1, 1}));
  EXPECT_EQ(copy->state(), (std::vector<double>{2, 1}));
  env.set_goal(std::vector<double>{1, 5});
  const Tensor costs = rollout_costs(env, at::tensor({1.0f, 0.0f, 0.0f, 1.0f}).reshape({2, 1, 2}));
  EXPECT_FLOAT_EQ(costs[0].item<float>(), 5);
  EXPECT_FLOAT_EQ(costs[1].item<float>(), 3);
}

TEST_F(ProcessEnvTest, TheExampleIsAnEnvironment) {
  ProcessEnv boat({.command = "exec python3 examples/own_environment.py"});
  boat.set_goal(std::vector<double>{9, 5});
  boat.set_state(std::vector<double>{5, 5});
  EXPECT_DOUBLE_EQ(boat.distance_to_goal(), 4);
  const auto copy = boat.clone();
  EXPECT_FALSE(boat.step(std::vector<double>{1, 0}));
  EXPECT_DOUBLE_EQ(boat.state()[0], 6.2) << "the push and the current";
  copy->step(std::vector<double>{1, 0});
  EXPECT_EQ(copy->state(), boat.state());
  EXPECT_FALSE(at::equal(boat.render(32), boat.render_goal(32)));
  boat.set_state(boat.goal());
  EXPECT_TRUE(boat.solved());
  EXPECT_TRUE(at::equal(boat.render(32), boat.render_goal(32)));
}

TEST_F(ProcessEnvTest, ADeadProgramIsAnErrorAndNotASignal) {
  ProcessEnv env(point());
  env.set_state(std::vector<double>{200, 0});
  EXPECT_THROW(env.step(std::vector<double>{1, 0}), Error);
  EXPECT_THROW(env.step(std::vector<double>{1, 0}), Error);
}

TEST_F(ProcessEnvTest, AnswersOfWrongTypesAndDepthAreErrors) {
  for (const char* answer : {R"({"action_low": [-1], "action_high": ["x"]})", R"({"action_low": 3, "action_high": 3})",
                             R"({"action_low": [1e999], "action_high": [1]})"}) {
    const std::string command = std::string("read line; echo '") + answer + "'; read line";
    EXPECT_THROW(ProcessEnv({.command = command}), Error) << answer;
  }
  EXPECT_THROW(ProcessEnv({.command = "read line; python3 -c 'print(\"[\" * 100000)'; read line"}), Error);
}

TEST_F(ProcessEnvTest, WhatIsNoAnswerIsAnError) {
  EXPECT_THROW(ProcessEnv({.command = "echo hello; cat > /dev/null"}), Error);
  EXPECT_THROW(ProcessEnv({.command = "echo '{\"action_low\": [0], \"action_high\": []}'; cat > /dev/null"}), Error);
  EXPECT_THROW(ProcessEnv({.command = "echo '{\"error\": \"no licence\"}'; cat > /dev/null"}), Error);
  EXPECT_THROW(ProcessEnv({.command = "/nonexistent/program"}), Error);
  EXPECT_THROW(ProcessEnv({.command = "cat > /dev/null", .timeout_s = 0.2}), Error);
  EXPECT_THROW(ProcessEnv(ProcessConfig{}), ConfigError);
}

std::string refusal_of_command(const std::string& command, double timeout_s = 20) {
  return refusal_of<Error>([&] { ProcessEnv({.command = command, .timeout_s = timeout_s}); });
}

TEST(ProcessEnvTimes, TheLimitRunsFromTheQuestionToTheWholeAnswer) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(
      says(refusal_of_command("while :; do printf x; sleep 0.05; done", 0.4), "no complete answer within 0.4 s"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  // The picture counts too.
  const std::string slow_picture =
      "read a; echo '{\"action_low\": [0], \"action_high\": [1]}'; read a; echo '{\"state\": [0], \"goal\": [1]}'; "
      "read a;"
      "echo '{}'; read a; echo '{\"bytes\": 192}'; while :; do printf x; sleep 0.1; done";
  ProcessEnv env({.command = slow_picture, .timeout_s = 1});
  EXPECT_TRUE(says(refusal_of<Error>([&] { env.render(8); }), "no complete answer"));
}

TEST(ProcessEnvTimes, ALineHasALimit) {
  EXPECT_TRUE(says(refusal_of_command("yes | tr -d '\\n'"), "an answer of more than"));
}

TEST(ProcessEnvTimes, AFloodOfErrorsIsBounded) {
  const LogCapture log;
  EXPECT_TRUE(
      says(refusal_of_command("yes 'out of paper' >&2", 1), "no complete answer within 1 s; its last words: 'o"));
  const auto lines = std::count(log.text().begin(), log.text().end(), '\n');
  EXPECT_LE(lines, 100);
  EXPECT_GT(lines, 0);
}

TEST(ProcessEnvWords, AnErrorNamesTheLastWordsWithoutControlCodes) {
  const std::string refusal = refusal_of_command("printf 'no arm \\033[31m here\\n' >&2; exit 3");
  EXPECT_TRUE(says(refusal, "has ended with exit code 3; its last words: 'no arm \\x1b[31m here'"));
  EXPECT_TRUE(says(refusal_of_command("kill -9 $$"), "was ended by signal 9; it said nothing"));
  EXPECT_TRUE(says(refusal_of_command("printf 'nonsense \\033\\n'; cat > /dev/null"), "got 'nonsense \\x1b'"));
}

TEST(ProcessEnvWords, WrongTypesAreNamed) {
  const auto answers = [](const std::string& second) {
    return "read a; echo '{\"action_low\": [0], \"action_high\": [1]}'; read a; echo '" + second + "'; cat > /dev/null";
  };
  EXPECT_TRUE(says(refusal_of_command(answers(R"({"state": "x", "goal": [1]})")), "state: expected a list, got \"x\""));
  EXPECT_TRUE(says(refusal_of_command(answers(R"({"state": [1e999], "goal": [1]})")), "expected"));
}

TEST(VectorEnv, StepsAllWorldsAsEachAlone) {
  const auto env = make_env("two_room");
  VectorEnv many(*env, 10, /*seed=*/3), again(*env, 10, 3);
  const Tensor states = many.states();
  EXPECT_TRUE(at::equal(states, again.states()));
  EXPECT_FALSE(at::equal(states[0], states[1]));
  const Tensor actions = Random(2, Stream::kTest).uniform_tensor({10, 2}) * 2 - 1;
  many.step(actions);
  for (int64_t i = 0; i < 10; ++i) {
    const auto one = env->clone();
    one->set_state(std::vector<double>{states[i][0].item<double>(), states[i][1].item<double>()});
    one->step(std::vector<double>{actions[i][0].item<double>(), actions[i][1].item<double>()});
    EXPECT_TRUE(at::equal(at::tensor(one->state(), at::kDouble), many.states()[i])) << i;
    EXPECT_TRUE(at::equal(one->render(32), many.render(32)[i])) << i;
  }
  EXPECT_THROW(many.step(actions.narrow(0, 0, 4)), Error);
}

}  // namespace
}  // namespace foresee::planner
