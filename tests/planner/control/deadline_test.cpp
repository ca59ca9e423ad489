// Deadlines: a search that is late is dropped, and what is done instead is what the last plan had left, or safe.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/control/controller.h"

namespace foresee::planner {
namespace {

using namespace std::chrono_literals;  // NOLINT
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// Costs are how far actions are from a half; while it is held, it does not answer.
class SlowModel final : public WorldModel {
 public:
  SlowModel() {
    actions_ = {.size = 2, .block = 2, .low = {-1, -1}, .high = {1, 1}};
    preprocess_.size = 8;
  }
  const ActionSpec& action_spec() const override { return actions_; }
  const Preprocess& preprocess() const override { return preprocess_; }
  std::unique_ptr<Context> encode(const Observation& seen) const override {
    return std::make_unique<Rows>(seen.frames.size(0));
  }
  Tensor encode_goal(const Goal& goal) const override { return at::zeros({goal.pictures.size(0), 1}); }
  Tensor costs(const Context&, const Tensor&, const Tensor& actions, Objective) const override {
    std::unique_lock lock(mutex_);
    released_.wait(lock, [&] { return !held_; });
    return (actions - 0.5).square().sum({2, 3});
  }
  Tensor rollout(const Context&, const Tensor& actions) const override { return actions; }

  void hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    released_.notify_all();
  }

 private:
  struct Rows final : Context {
    explicit Rows(int64_t n) : count(n) {}
    int64_t batch() const override { return count; }
    std::unique_ptr<Context> rows(const Tensor& index) const override { return std::make_unique<Rows>(index.numel()); }
    int64_t count;
  };
  ActionSpec actions_;
  Preprocess preprocess_;
  mutable std::mutex mutex_;
  mutable std::condition_variable released_;
  bool held_ = false;
};

class Deadlines : public ::testing::Test {
 protected:
  Deadlines() {
    config_.planner.planner.search = {.samples = 20, .iterations = 4, .elites = 5, .horizon = 3};
    config_.planner.receding = 1;
    config_.safe_action = {0.25, -0.75};
  }
  std::unique_ptr<ControlCore> core() {
    auto made = std::make_unique<ControlCore>(model_, config_, ControlOptions{.seed = 3});
    made->set_goal(0, picture_);
    return made;
  }
  ControlAction act(ControlCore& core, const Deadline& deadline = {}) {
    const std::vector<Sight> seen{{.picture = picture_}};
    return core.act(seen, std::vector<int64_t>{0}, deadline).front();
  }
  ControlAction late(ControlCore& core) {
    model_.hold(true);
    ControlAction action = act(core, std::chrono::steady_clock::now() + 30ms);
    model_.hold(false);
    return action;
  }

  SlowModel model_;  // outlives what the tests make of it
  ControlConfig config_;
  Tensor picture_ = at::zeros({3, 8, 8}, at::kByte);
};

TEST_F(Deadlines, ThatAreFarAwayChangeNothing) {
  const auto without = core(), with = core();
  const auto hour = std::chrono::steady_clock::now() + 1h;
  for (int step = 0; step < 4; ++step) {
    const ControlAction expected = act(*without), got = act(*with, hour);
    EXPECT_EQ(got.action, expected.action);
    EXPECT_EQ(got.source, expected.source);
  }
  EXPECT_EQ(with->last_plan(0).iterations, 4);
  EXPECT_EQ(with->last_plan(0).stopped, Stop::kIterations);
}

TEST_F(Deadlines, WithoutAPlanTheActionIsSafeForABlock) {
  const auto control = core();
  const ControlAction first = late(*control);
  EXPECT_EQ(first.source, ActionSource::kFallback);
  EXPECT_EQ(first.action, config_.safe_action);
  EXPECT_THAT([&] { control->last_plan(0); }, ThrowsMessage<Error>(HasSubstr("later than the deadline")));
  EXPECT_EQ(act(*control).source, ActionSource::kQueue);
  EXPECT_EQ(act(*control).source, ActionSource::kSearch) << "once the model answers, plans are searched again";
  EXPECT_EQ(control->plans(0), 1);
}

TEST_F(Deadlines, WhatTheLastPlanHadLeftComesFirst) {
  const auto control = core();
  act(*control), act(*control);
  const Tensor plan = control->last_plan(0).actions;  // three blocks of two actions
  for (int64_t step = 2; step < 6; ++step) {
    const ControlAction action = step % 2 == 0 ? late(*control) : act(*control);
    EXPECT_EQ(action.source, step % 2 == 0 ? ActionSource::kFallback : ActionSource::kQueue);
    EXPECT_NEAR(action.action[0], plan[step][0].item<double>(), 1e-6);
    EXPECT_NEAR(action.action[1], plan[step][1].item<double>(), 1e-6);
  }
  EXPECT_EQ(late(*control).action, config_.safe_action) << "nothing is left";
}

TEST_F(Deadlines, ANewGoalForgetsTheOldPlan) {
  const auto control = core();
  act(*control), act(*control);
  control->set_goal(0, picture_);
  EXPECT_EQ(late(*control).action, config_.safe_action);
}

TEST_F(Deadlines, InThePastAreLate) {
  const auto control = core();
  EXPECT_EQ(act(*control, std::chrono::steady_clock::now() - 1s).source, ActionSource::kFallback);
}

TEST_F(Deadlines, OfTheConfigCountWhereACallHasNone) {
  config_.deadline_ms = 30;
  const auto control = core();
  model_.hold(true);
  EXPECT_EQ(act(*control).source, ActionSource::kFallback);
  model_.hold(false);
}

TEST_F(Deadlines, SafeActionsAreNumbersWithinTheLimits) {
  config_.safe_action = {5, 0};
  EXPECT_EQ(late(*core()).action, (std::vector<double>{1, 0}));
  config_.safe_action = {0.5};
  EXPECT_THAT([&] { core(); }, ThrowsMessage<ConfigError>(HasSubstr("safe_action: expected 2 numbers")));
}

/// Searches on a machine whose time is drawn: what each iteration takes comes from `iteration_s(samples)`.
class PaceTest : public ::testing::Test {
 protected:
  /// How many iterations a search with a deadline of 100 ms makes; sets samples_ and left_s_.
  template <typename Draw>
  int64_t search(const Draw& iteration_s) {
    const Pace::Time end = now_ + 100ms;
    samples_ = pace_.affordable(300, 16, 3, end, now_);
    pace_.begin(samples_, 1, now_);
    pass(0.004);
    int64_t iterations = 0;
    while (iterations < 30 && pace_.go_on(iterations, end, now_)) {
      pass(iteration_s(samples_));
      ++iterations;
    }
    pass(0.001);
    pace_.finish(now_);
    left_s_ = std::chrono::duration<double>(end - now_).count();
    return iterations;
  }
  void pass(double seconds) {
    now_ += std::chrono::duration_cast<Pace::Clock::duration>(std::chrono::duration<double>(seconds));
  }

  Pace pace_;
  Pace::Time now_{};
  int64_t samples_ = 0;
  double left_s_ = 0;
};

TEST_F(PaceTest, KeepsAllCandidatesWhereTheyFit) {
  const auto steady = [](int64_t samples) { return 1e-5 * static_cast<double>(samples); };
  for (int i = 0; i < 20; ++i) search(steady);
  EXPECT_GE(search(steady), 29);
  EXPECT_EQ(samples_, 300);
  EXPECT_EQ(Pace().affordable(300, 16, 3, now_ + 1ms, now_), 300) << "nothing is known yet";
}

TEST_F(PaceTest, TakesFewerCandidatesWhereThreeIterationsWouldNotFit) {
  const auto slow = [](int64_t samples) { return 1e-3 * static_cast<double>(samples); };
  EXPECT_EQ(search(slow), 1) << "the first one has to find out";
  for (int i = 0; i < 40; ++i) search(slow);
  EXPECT_GE(search(slow), 3);
  EXPECT_GT(samples_, 16);
  EXPECT_LT(samples_, 35);
  EXPECT_GT(left_s_, 0);
  EXPECT_EQ(pace_.affordable(300, 16, 3, now_, now_), 16) << "no fewer than that, however late it is";
}

TEST_F(PaceTest, AHiccupIsForgotten) {
  const auto slow = [](int64_t samples) { return 1e-3 * static_cast<double>(samples); };
  for (int i = 0; i < 40; ++i) search(slow);
  const int64_t before = samples_;
  search([](int64_t) { return 0.06; });
  search(slow);
  EXPECT_LT(samples_, before);
  for (int i = 0; i < 20; ++i) search(slow);
  EXPECT_NEAR(static_cast<double>(samples_), static_cast<double>(before), 2);
}

TEST_F(PaceTest, UnsteadyTimesKeepTheirDistanceFromTheDeadline) {
  // Beside busy processes an iteration is held up now and then, for as long as another process has its turn.
  const Random random(1, Stream::kTest, 0);
  const Tensor held = random.uniform_tensor({100000}).lt(0.3);
  int64_t number = 0, late = 0, short_of_three = 0;
  const auto busy = [&](int64_t samples) {
    return 2e-4 * static_cast<double>(samples) + (held[number++].item<bool>() ? 0.008 : 0.0);
  };
  for (int i = 0; i < 500; ++i) {
    const int64_t iterations = search(busy);
    if (i < 10) continue;
    late += left_s_ < 0 ? 1 : 0;
    short_of_three += iterations < 3 ? 1 : 0;
  }
  EXPECT_LE(late, 2);
  EXPECT_LE(short_of_three, 120);
}

/// How many of the iterations of `searches` run on one thread, where they take so long with all and with one.
int64_t on_one_thread(Pace& pace, double all_s, double one_s, int64_t searches, int threads = 2,
                      int64_t iterations = 5) {
  int64_t count = 0;
  for (Pace::Time now{}; searches > 0; --searches) {
    pace.begin(10, threads, now);
    pace.go_on(0, now + 1h, now);
    for (int64_t i = 1; i <= iterations; ++i) {
      const std::chrono::duration<double> took(pace.one_thread() ? one_s : all_s);
      now += std::chrono::duration_cast<Pace::Clock::duration>(took);
      count += pace.one_thread() ? 1 : 0;
      pace.go_on(i, now + 1h, now);
    }
    pace.finish(now);
  }
  return count;
}

TEST(PaceOfThreads, TakesTheNumberThatIsFasterAndSeesWhenThatChanges) {
  Pace pace;
  EXPECT_LE(on_one_thread(pace, 0.01, 0.02, 320), 90) << "an idle machine: trials alone";
  on_one_thread(pace, 0.09, 0.02, 100);  // finds out
  EXPECT_GE(on_one_thread(pace, 0.09, 0.02, 320), 1500) << "a busy one";
  on_one_thread(pace, 0.01, 0.02, 100);
  EXPECT_LE(on_one_thread(pace, 0.01, 0.02, 320), 90) << "idle again";
  Pace short_of_time;
  on_one_thread(short_of_time, 0.09, 0.02, 100, 2, /*iterations=*/1);
  EXPECT_GE(on_one_thread(short_of_time, 0.09, 0.02, 320, 2, /*iterations=*/1), 290) << "also of single iterations";
  Pace alone;
  EXPECT_EQ(on_one_thread(alone, 0.09, 0.02, 100, /*threads=*/1), 0) << "there is only one";
}

}  // namespace
}  // namespace foresee::planner
