// Claims of asynchronous control: plans begin where the queue will have led; the queue is followed while the model does
// not answer, with a new goal too; what went wrong meanwhile is said, and forgotten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
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

/// A point on a line: pictures and goals are places, in tenths, and actions move it. While it is held, it does not
/// answer.
class HeldLine final : public WorldModel {
 public:
  explicit HeldLine(int64_t block = 1) {
    actions_ = {.size = 1, .block = block, .low = {-1}, .high = {1}};
    preprocess_.size = 4;
  }
  const ActionSpec& action_spec() const override { return actions_; }
  const Preprocess& preprocess() const override { return preprocess_; }
  std::unique_ptr<Context> encode(const Observation& seen) const override {
    return std::make_unique<Place>(place(seen.frames.select(1, -1)));
  }
  Tensor encode_goal(const Goal& goal) const override { return place(goal.pictures); }
  Tensor costs(const Context& context, const Tensor& goal, const Tensor& actions, Objective) const override {
    std::unique_lock lock(mutex_);
    released_.wait(lock, [&] { return !held_; });
    if (breaks_) fail("the model broke");
    const Tensor last = dynamic_cast<const Place&>(context).at.unsqueeze(1) + actions.sum({2, 3});
    return (last - goal.unsqueeze(1)).square();
  }
  Tensor rollout(const Context&, const Tensor& actions) const override { return actions; }

  void hold(bool held) { set(held_, held); }
  void break_down(bool breaks) { set(breaks_, breaks); }

 private:
  struct Place final : Context {
    explicit Place(Tensor place) : at(std::move(place)) {}
    int64_t batch() const override { return at.size(0); }
    std::unique_ptr<Context> rows(const Tensor& index) const override {
      return std::make_unique<Place>(at.index_select(0, index));
    }
    Tensor at;  // float [B]
  };
  static Tensor place(const Tensor& pictures) { return pictures.to(at::kFloat).flatten(1).mean(1) / 10; }
  void set(bool& what, bool value) {
    const std::lock_guard lock(mutex_);
    what = value;
    released_.notify_all();
  }

  ActionSpec actions_;
  Preprocess preprocess_;
  mutable std::mutex mutex_;
  mutable std::condition_variable released_;
  bool held_ = false, breaks_ = false;
};

Tensor picture_at(double place) { return at::full({3, 4, 4}, std::lround(10 * place), at::kByte); }

/// A robot on that line, which does what it is told.
class Asynchronous : public ::testing::Test {
 protected:
  explicit Asynchronous(int64_t block = 1) : model_(block) {
    config_.asynchronous = true;
    config_.planner.planner.search = {.samples = 60, .iterations = 12, .elites = 8, .horizon = 1};
    config_.planner.receding = 1;
  }
  ~Asynchronous() override { model_.hold(false); }

  void begin(double goal) {
    core_ = std::make_unique<ControlCore>(model_, config_, ControlOptions{.seed = 3});
    core_->set_goal(0, picture_at(goal));
  }
  ControlAction act(const Deadline& deadline = {}) {
    const std::vector<Sight> seen{{.picture = picture_at(place_)}};
    ControlAction action = core_->act(seen, std::vector<int64_t>{0}, deadline).front();
    place_ += action.action[0];
    return action;
  }

  HeldLine model_;
  ControlConfig config_;
  double place_ = 10;
  std::unique_ptr<ControlCore> core_;
};

TEST_F(Asynchronous, BeginsAPlanWhereTheQueueWillHaveLed) {
  begin(13);
  for (int step = 0; step < 3; ++step) EXPECT_NEAR(act().action[0], 1, 0.02) << step;
  // Where it was looked from, the goal was still a step away; when it is executed, it is reached.
  for (int step = 0; step < 3; ++step) EXPECT_NEAR(act().action[0], 0, 0.1) << step;
  EXPECT_GE(core_->plans(0), 5);
}

TEST_F(Asynchronous, AnswersTheSameInEveryRun) {
  std::vector<double> runs[2];
  for (auto& run : runs) {
    place_ = 10;
    begin(12.3);
    for (int step = 0; step < 5; ++step) run.push_back(act().action[0]);
  }
  EXPECT_EQ(runs[0], runs[1]);
}

TEST_F(Asynchronous, SaysWhatBrokeMeanwhileAndGoesOn) {
  begin(13);
  model_.hold(true);
  model_.hold(false);
  act();
  model_.break_down(true);
  EXPECT_THAT(
      [&] {
        for (int step = 0; step < 4; ++step) act();
      },
      ThrowsMessage<Error>(HasSubstr("the model broke")));
  model_.break_down(false);
  EXPECT_NO_THROW(act());
}

class AsynchronousBlocks : public Asynchronous {
 protected:
  AsynchronousBlocks() : Asynchronous(/*block=*/3) {
    config_.planner.planner.search.horizon = 3;
    config_.planner.receding = 2;
    config_.safe_action = {-0.5};
  }
};

TEST_F(AsynchronousBlocks, FollowsItsQueueWhileTheModelDoesNotAnswer) {
  begin(20);
  act();
  model_.hold(true);
  for (int step = 1; step < 6; ++step) EXPECT_EQ(act().source, ActionSource::kQueue) << step;
  // Now the plan that was begun at the second block is due.
  const ControlAction late = act(std::chrono::steady_clock::now() + 30ms);
  EXPECT_EQ(late.source, ActionSource::kFallback);
  model_.hold(false);
  act(), act();
  EXPECT_EQ(act().source, ActionSource::kSearch) << "once the model answers, plans are searched again";
}

TEST_F(AsynchronousBlocks, ANewGoalDoesNotWaitForItsSearch) {
  begin(20);
  act();
  core_->set_goal(0, picture_at(1));
  model_.hold(true);
  for (int step = 1; step < 6; ++step) {  // the rest of this block, and the next one: toward the old goal
    const ControlAction action = act();
    EXPECT_EQ(action.source, ActionSource::kQueue) << step;
    EXPECT_GT(action.action[0], 0.5);
  }
  model_.hold(false);
  EXPECT_LT(act().action[0], -0.5) << "toward the new one";
  // In the middle of a block, with a plan under way: that plan's first block comes before.
  for (int step = 0; step < 4; ++step) act();
  core_->set_goal(0, picture_at(24));
  for (int step = 0; step < 4; ++step) EXPECT_LT(act().action[0], 0.5);
  EXPECT_GT(act().action[0], 0.5);
}

TEST_F(AsynchronousBlocks, ANewEpisodeForgetsWhatWasSearched) {
  begin(12);
  for (int step = 0; step < 4; ++step) act();  // a search is under way
  core_->reset(0);
  place_ = 25;
  EXPECT_LT(act().action[0], -0.5) << "from where it is now";
}

}  // namespace
}  // namespace foresee::planner
