#include "planner/eval/runner.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "planner/control/model_cost.h"
#include "planner/eval/film_strip.h"
#include "planner/eval/methods.h"
#include "tests/planner/eval/picture_model.h"

namespace foresee::planner {
namespace {

/// Starts in the left room with goals `distance` pixels to the right, `count` of them at different heights.
std::vector<Start> to_the_right(double distance, int64_t count) {
  std::vector<Start> starts;
  for (int64_t i = 0; i < count; ++i) {
    const double y = 80 + 10.0 * static_cast<double>(i);
    starts.push_back({.state = {30, y}, .goal = {30 + distance, y}});
  }
  return starts;
}

/// Moves right at full speed.
class GoRight final : public Method {
 public:
  std::vector<Decision> act(std::span<const int64_t> active) override {
    ++calls;
    return std::vector<Decision>(active.size(), {{1.0, 0.0}, 2.5});
  }
  int calls = 0;
};

MpcConfig quick_search() {
  MpcConfig config;
  config.planner.search = {.samples = 60, .iterations = 8, .elites = 10, .horizon = 4};
  config.receding = 4;
  return config;
}

TEST(Runner, StopsAWorldAtItsGoalAndTestsAfterAStep) {
  const auto env = make_env("two_room");
  // 40 pixels away: after 5 steps 15 are left, and that is within 16. The other goal is reached by the first step only.
  std::vector<Start> starts{{.state = {30, 100}, .goal = {70, 100}}, {.state = {30, 100}, .goal = {31, 100}}};
  const auto episodes = run_trials(*env, starts, [](const Envs&, int64_t) { return std::make_unique<GoRight>(); },
                                   {.budget = 50, .group = 2});
  ASSERT_EQ(episodes.size(), 2u);
  EXPECT_TRUE(episodes[0].success);
  EXPECT_EQ(episodes[0].steps, 5);
  EXPECT_EQ(episodes[0].path.size(), 6u);
  EXPECT_NEAR(episodes[0].final_distance, 15, 1e-4);
  EXPECT_EQ(episodes[0].planning_ms.size(), 5u);
  EXPECT_EQ(episodes[0].held, true);
  EXPECT_EQ(episodes[1].steps, 1) << "solved before the first step is not a success";
}

TEST(Runner, SaysWhetherASuccessLasts) {
  // Goes on by itself, a step at a time; the goal is reached between 3 and `end`.
  class Coasting final : public Env {
   public:
    explicit Coasting(double end) : end_(end) {}
    std::unique_ptr<Env> clone() const override { return std::make_unique<Coasting>(*this); }
    void reset(RandomSequence&) override { place_ = 0; }
    bool step(std::span<const double>) override { return ++place_, solved(); }
    std::vector<double> state() const override { return {place_}; }
    void set_state(std::span<const double> state) override { place_ = state[0]; }
    std::vector<double> goal() const override { return {3}; }
    void set_goal(std::span<const double>) override {}
    bool solved() const override { return 3 <= place_ && place_ <= end_; }
    double distance_to_goal() const override { return solved() ? 0 : std::abs(place_ - 3); }
    Tensor render(int64_t) const override { return {}; }
    Tensor render_goal(int64_t) const override { return {}; }
    ActionSpec action_spec() const override { return {.size = 2}; }

   private:
    double place_ = 0, end_;
  };
  const std::vector<Start> starts{{.state = {0}, .goal = {3}}};
  const auto held = [&](double end) {
    const auto played = run_trials(Coasting(end), starts,
                                   [](const Envs&, int64_t) { return std::make_unique<GoRight>(); }, {.budget = 9});
    EXPECT_TRUE(played[0].success);
    EXPECT_EQ(played[0].steps, 3);
    EXPECT_EQ(played[0].path.size(), 4u) << "what comes after it is not part of the trial";
    return *played[0].held;
  };
  EXPECT_FALSE(held(7));
  EXPECT_TRUE(held(8));
}

TEST(Runner, EndsAtTheBudget) {
  const auto env = make_env("two_room");
  const auto starts = to_the_right(150, 1);  // behind the wall
  const auto episodes =
      run_trials(*env, starts, [](const Envs&, int64_t) { return std::make_unique<GoRight>(); }, {.budget = 30});
  EXPECT_FALSE(episodes[0].success);
  EXPECT_EQ(episodes[0].steps, 30);
  EXPECT_GT(episodes[0].final_distance, 80);
}

TEST(Runner, DoesNotDependOnHowManyWorldsRunTogether) {
  const auto env = make_env("two_room");
  const auto starts = to_the_right(50, 5);
  const PictureModel model;
  for (const auto& method :
       {policy_method(EnvConfig().environment("two_room"), "random", 3), oracle_method(quick_search(), 5, 3),
        model_method(model, {.planner = quick_search()}, 3)}) {
    const auto alone = run_trials(*env, starts, method, {.budget = 30, .group = 1});
    const auto together = run_trials(*env, starts, method, {.budget = 30, .group = 5});
    const auto threaded = run_trials(*env, starts, method, {.budget = 30, .parallel_groups = true});
    for (size_t i = 0; i < starts.size(); ++i) {
      EXPECT_EQ(alone[i].start, static_cast<int64_t>(i));
      EXPECT_EQ(alone[i].path, threaded[i].path);
      EXPECT_EQ(alone[i].steps, together[i].steps);
      for (size_t axis = 0; axis < 2; ++axis)
        EXPECT_NEAR(alone[i].path.back()[axis], together[i].path.back()[axis], 1e-3);
    }
    const auto moved = [](const Trial& episode) {
      return std::hypot(episode.path.back()[0] - episode.path.front()[0],
                        episode.path.back()[1] - episode.path.front()[1]);
    };
    EXPECT_GT(std::abs(moved(alone[0]) - moved(alone[1])), 1e-3) << "each start has its own draws";
  }
}

/// Asks for a stop in the group of the third start.
class Interrupting final : public Method {
 public:
  Interrupting(int64_t first, std::stop_source stop) : first_(first), stop_(std::move(stop)) {}
  std::vector<Decision> act(std::span<const int64_t> active) override {
    if (first_ == 2) stop_.request_stop();
    return std::vector<Decision>(active.size(), {{1.0, 0.0}, {}});
  }

 private:
  int64_t first_;
  std::stop_source stop_;
};

TEST(Runner, KeepsTheFinishedEpisodesOfAnInterruptedRun) {
  const std::stop_source stop;
  const auto episodes =
      run_trials(*make_env("two_room"), to_the_right(50, 5),
                 [&](const Envs&, int64_t first) { return std::make_unique<Interrupting>(first, stop); },
                 {.budget = 30, .stop = stop.get_token()});
  EXPECT_EQ(episodes.size(), 2u);
}

/// Plans at every step.
class Planning final : public Method {
 public:
  std::vector<Decision> act(std::span<const int64_t> active) override {
    return std::vector<Decision>(active.size(), {{1.0, 0.0}, 1.0});
  }
};

TEST(Runner, SaysHowFarItIsAtEveryStepThatIsPlanned) {
  std::vector<int64_t> steps;
  run_trials(*make_env("two_room"), to_the_right(200, 2),
             [](const Envs&, int64_t) { return std::make_unique<Planning>(); },
             {.budget = 3, .group = 2, .progress = [&](int64_t, int64_t, int64_t step) { steps.push_back(step); }});
  EXPECT_EQ(steps, (std::vector<int64_t>{1, 2, 3, 0}));
}

/// Is stopped within a search, which breaks off.
class BrokenOff final : public Method {
 public:
  explicit BrokenOff(std::stop_source stop) : stop_(std::move(stop)) {}
  std::vector<Decision> act(std::span<const int64_t>) override {
    stop_.request_stop();
    throw Error("interrupted");
  }

 private:
  std::stop_source stop_;
};

TEST(Runner, ASearchThatIsStoppedEndsTheRunAndIsNoError) {
  const std::stop_source stop;
  EXPECT_TRUE(run_trials(*make_env("two_room"), to_the_right(50, 2),
                         [&](const Envs&, int64_t) { return std::make_unique<BrokenOff>(stop); },
                         {.budget = 3, .stop = stop.get_token()})
                  .empty());
}

TEST(ModelMethod, ShowsTheModelItsHistoryOneBlockApart) {
  const auto env = make_env("two_room");
  PictureModel model;
  ControlConfig config{.history = 3, .planner = quick_search()};
  config.planner.receding = 1;
  const std::vector<Start> starts{{.state = {50, 30}, .goal = {50, 190}}};  // down the left room
  const auto episodes = run_trials(*env, starts, model_method(model, config, 1), {.budget = 20});
  ASSERT_EQ(model.seen.size(), 4u);
  EXPECT_EQ(model.seen[0].frames.sizes(), at::IntArrayRef({1, 1, 3, 56, 56}));
  EXPECT_FALSE(model.seen[0].actions.defined());
  EXPECT_EQ(model.seen[1].frames.size(1), 2);
  const auto& last = model.seen[3];  // at step 15: frames of steps 5, 10 and 15, and the ten actions between
  EXPECT_EQ(last.frames.sizes(), at::IntArrayRef({1, 3, 3, 56, 56}));
  EXPECT_EQ(last.actions.sizes(), at::IntArrayRef({1, 10, 2}));
  const auto& path = episodes[0].path;
  for (size_t t = 0; t < 3; ++t) {
    const Tensor place = PictureModel::dot(last.frames[0][static_cast<int64_t>(t)].unsqueeze(0))[0];
    EXPECT_NEAR(place[1].item<double>(), path[5 + 5 * t][1], 1.5);
  }
  const Tensor moves = last.actions[0].select(1, 0).clamp(-1, 1) * 5;
  EXPECT_NEAR(path[10][0] - path[5][0], moves.slice(0, 0, 5).sum().item<double>(), 1e-2);
  EXPECT_NEAR(path[15][0] - path[10][0], moves.slice(0, 5).sum().item<double>(), 1e-2);
}

TEST(ModelCost, JudgesTheRowsItIsAskedFor) {
  const auto env = make_env("two_room");
  env->set_goal(std::vector<double>{60, 100});
  std::vector<Tensor> frames;
  for (const double x : {30.0, 50.0, 90.0}) {
    env->set_state(std::vector<double>{x, 100});
    frames.push_back(env->render(56));
  }
  const PictureModel model;
  Observation observation;
  observation.frames = at::stack(frames).unsqueeze(1);  // [3, 1, 3, 56, 56]
  const auto goals = env->render_goal(56).unsqueeze(0).expand({3, 3, 56, 56});
  const CostFn cost = model_cost(model, observation, goals).cost;
  const Tensor rest = at::zeros({3, 1, 2, 10});
  const Tensor all = cost(rest, torch::tensor({0, 1, 2})).flatten();
  EXPECT_NEAR(all[0].item<double>(), 900, 60);
  EXPECT_NEAR(all[1].item<double>(), 100, 20);
  EXPECT_TRUE(at::equal(cost(rest.slice(0, 0, 2), torch::tensor({2, 0})).flatten(), torch::stack({all[2], all[0]})));
  observation.frames = observation.frames.slice(0, 0, 2);
  EXPECT_THROW(model_cost(model, observation, goals), Error);
}

TEST(OracleMethod, FindsTheWayThroughTheDoor) {
  const auto env = make_env("two_room");
  const std::vector<Start> starts{{.state = {60, 150}, .goal = {170, 150}}, {.state = {180, 60}, .goal = {50, 190}}};
  const auto episodes = run_trials(*env, starts, oracle_method({}, 5, 1), {.budget = 100});
  EXPECT_TRUE(episodes[0].success);
  EXPECT_TRUE(episodes[1].success);
}

TEST(FilmStrip, ShowsTheWayAndTheGoalInTheColourOfTheOutcome) {
  const auto env = make_env("two_room");
  const Start start{.state = {30, 100}, .goal = {90, 100}};
  Trial episode{.success = true, .steps = 4, .path = {{30, 100}, {40, 100}, {50, 100}, {60, 100}, {80, 100}}};
  const Tensor strip = film_strip(*env, start, episode, /*pictures=*/3, /*size=*/56);
  EXPECT_EQ(strip.sizes(), at::IntArrayRef({3, 64, 4 * 56 + 2 * 2 + 10 + 8}));
  EXPECT_EQ(strip.scalar_type(), at::kByte);
  const auto dot_at = [&](int64_t x) {
    return PictureModel::dot(strip.slice(1, 4, 60).slice(2, 4 + x, 60 + x).unsqueeze(0))[0][0].item<double>();
  };
  EXPECT_NEAR(dot_at(0), 30, 1.5);
  EXPECT_NEAR(dot_at(58), 50, 1.5) << "the middle of the way";
  EXPECT_NEAR(dot_at(116), 80, 1.5);
  EXPECT_NEAR(dot_at(182), 90, 1.5) << "the goal";
  EXPECT_GT(strip[1][0][0].item<int>(), strip[0][0][0].item<int>()) << "green";
  episode.success = false;
  const Tensor failed = film_strip(*env, start, episode, 3, 56);
  EXPECT_GT(failed[0][0][0].item<int>(), failed[1][0][0].item<int>()) << "red";
}

TEST(FilmStrip, PutsFailuresFirst) {
  std::vector<Trial> episodes(4);
  episodes[0].success = episodes[2].success = true;
  EXPECT_EQ(failures_first(episodes), (std::vector<int64_t>{1, 3, 0, 2}));
}

}  // namespace
}  // namespace foresee::planner
