// Claim: whatever a model says and whatever is seen, a controller answers with finite actions within their limits, or
// with an error that says what is wrong; and after an error it goes on.
#include "planner/control/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"

namespace foresee::planner {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// Draws of one trial, one after the other.
class Dice {
 public:
  explicit Dice(uint64_t trial) : random_(21, Stream::kTest, trial) {}
  double number() { return random_.uniform(next_++); }
  int64_t below(int64_t count) {
    return std::min(static_cast<int64_t>(number() * static_cast<double>(count)), count - 1);
  }
  Tensor picture(int64_t size) {
    next_ += 1000;
    return Random(22, Stream::kTest, next_ + 100000 * static_cast<uint64_t>(1 + below(1000)))
        .uniform_tensor({3, size, size})
        .mul_(256)
        .to(at::kByte);
  }

 private:
  Random random_;
  uint64_t next_ = 0;
};

/// Costs of a random network, of which some are no numbers; at times it throws.
class AnyModel final : public WorldModel {
 public:
  AnyModel(Dice& dice, uint64_t trial) {
    actions_ = {.size = 1 + dice.below(3), .block = 1 + dice.below(2)};
    for (int64_t i = 0; i < actions_.size; ++i) {
      const double low = -2 * dice.number(), high = dice.number();
      actions_.low.push_back(low), actions_.high.push_back(high);
      actions_.mean.push_back(dice.number() - 0.5), actions_.std.push_back(0.1 + dice.number());
    }
    preprocess_.size = 8;
    weights_ = Random(23, Stream::kTest, trial).normal_tensor({actions_.block_size(), 4}) * 3;
    poor_ = dice.below(3) == 0 ? dice.number() : 0;
    takes_state_ = dice.below(2) == 0;
  }
  const ActionSpec& action_spec() const override { return actions_; }
  const Preprocess& preprocess() const override { return preprocess_; }
  StateSpec state_spec() const override {
    if (!takes_state_) return {};
    return {.kind = StateSpec::Kind::kNumbers, .size = 2};
  }
  std::unique_ptr<Context> encode(const Observation& seen) const override {
    return std::make_unique<Rows>(seen.frames.size(0));
  }
  Tensor encode_goal(const Goal& goal) const override { return at::zeros({goal.pictures.size(0), 1}); }
  Tensor costs(const Context&, const Tensor&, const Tensor& actions, Objective) const override {
    if (calls_left_ >= 0 && calls_left_-- == 0) fail("the model broke");
    const Tensor costs = at::matmul(actions, weights_).sin().sum({2, 3}) * 5;
    const Tensor lot = (costs * 37).sin().abs();  // a function of the candidate
    return at::where(lot < poor_, std::numeric_limits<float>::quiet_NaN(), costs);
  }
  Tensor rollout(const Context&, const Tensor& actions) const override { return actions; }

  bool takes_state() const { return takes_state_; }
  /// The call after so many throws.
  void break_after(int64_t calls) { calls_left_ = calls; }

 private:
  struct Rows final : Context {
    explicit Rows(int64_t n) : count(n) {}
    int64_t batch() const override { return count; }
    std::unique_ptr<Context> rows(const Tensor& index) const override { return std::make_unique<Rows>(index.numel()); }
    int64_t count;
  };
  ActionSpec actions_;
  Preprocess preprocess_;
  Tensor weights_;
  double poor_ = 0;
  bool takes_state_ = false;
  mutable int64_t calls_left_ = -1;
};

constexpr Solver kSolvers[] = {Solver::kCem,      Solver::kIcem,       Solver::kMppi,   Solver::kPredictiveSampling,
                               Solver::kGradient, Solver::kLagrangian, Solver::kMemetic};

ControlConfig any_config(Dice& dice, int64_t trial) {
  ControlConfig config;
  config.history = 1 + dice.below(3);
  PlannerConfig& planner = config.planner.planner;
  planner.solver = kSolvers[trial % static_cast<int64_t>(std::size(kSolvers))];
  planner.search = {.samples = 6 + dice.below(10),
                    .iterations = 1 + dice.below(3),
                    .elites = 2 + dice.below(4),
                    .horizon = 1 + dice.below(4),
                    .init_std = 5 * dice.number()};
  if (dice.below(3) == 0) planner.search.knots = 1 + dice.below(planner.search.horizon);
  planner.lagrangian.most_change = 0.5;
  planner.lagrangian.rounds = 2;
  config.planner.receding = 1 + dice.below(planner.search.horizon);
  if (dice.below(2) == 0)
    config.planner.ball = {.norm = dice.below(2) == 0 ? BallNorm::kL1 : BallNorm::kL2, .radius = 0.05 + dice.number()};
  return config;
}

void expect_allowed(const std::vector<double>& action, const ActionSpec& spec, const BallConfig& ball) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < action.size(); ++i) {
    EXPECT_TRUE(std::isfinite(action[i]));
    EXPECT_GE(action[i], spec.low[i]);
    EXPECT_LE(action[i], spec.high[i]);
    sum += std::abs(action[i]), squares += action[i] * action[i];
  }
  const double size = ball.norm == BallNorm::kL1 ? sum : ball.norm == BallNorm::kL2 ? std::sqrt(squares) : 0;
  EXPECT_LE(size, ball.radius + 1e-9);
}

/// What is seen at a step: at times a frozen camera, another size, a state that is no number, a model that breaks.
struct Scene {
  Dice& dice;
  Tensor last{};

  Sight sight(const AnyModel& model) {
    Sight seen;
    if (!last.defined() || dice.below(3) > 0) last = dice.picture(dice.below(12) == 0 ? 5 : 8);
    seen.picture = last;
    if (model.takes_state())
      seen.state = {dice.number(), dice.below(8) == 0 ? std::numeric_limits<double>::quiet_NaN() : dice.number()};
    return seen;
  }
};

TEST(Controllers, EmitNothingButAllowedActions) {
  int64_t acted = 0, refused = 0;
  for (int64_t trial = 0; trial < 84; ++trial) {
    Dice dice(static_cast<uint64_t>(trial));
    AnyModel model(dice, static_cast<uint64_t>(trial));
    const ControlConfig config = any_config(dice, trial);
    SCOPED_TRACE(fmt::format("trial {}: {}", trial, name_of(config.planner.planner.solver)));
    ControlCore core(model, config, {.seed = static_cast<uint64_t>(trial)});
    core.set_goal(0, dice.picture(8));
    Scene scene{dice};
    const std::vector<int64_t> only{0};
    for (int step = 0; step < 8; ++step) {
      if (dice.below(6) == 0) core.set_goal(0, dice.picture(8));
      if (dice.below(8) == 0) model.break_after(dice.below(3));
      const std::vector<Sight> seen{scene.sight(model)};
      try {
        const Deadline none, past = std::chrono::steady_clock::now() - std::chrono::seconds(1);
        const ControlAction action = core.act(seen, only, dice.below(6) == 0 ? past : none).front();
        expect_allowed(action.action, model.action_spec(), config.planner.ball);
        ++acted;
      } catch (const Error& error) {
        EXPECT_STRNE(error.what(), "");
        model.break_after(-1);
        ++refused;
      }
    }
  }
  EXPECT_GT(acted, 300);
  EXPECT_GT(refused, 20) << "what is wrong was drawn, too";
}

class Control : public ::testing::Test {
 protected:
  Control() {
    config_.planner.planner.search = {.samples = 12, .iterations = 3, .elites = 4, .horizon = 3};
    config_.planner.receding = 1;
  }
  std::unique_ptr<ControlCore> core() {
    auto made = std::make_unique<ControlCore>(model_, config_, ControlOptions{.seed = 3});
    made->set_goal(0, picture_);
    return made;
  }
  ControlAction act(ControlCore& core) const {
    Sight seen{.picture = picture_};
    if (model_.takes_state()) seen.state = {0, 0};
    return core.act(std::vector<Sight>{seen}, std::vector<int64_t>{0}).front();
  }

  Dice dice_{5};
  AnyModel model_{dice_, 5};
  ControlConfig config_;
  Tensor picture_ = at::full({3, 8, 8}, 77, at::kByte);
};

TEST_F(Control, OfAFrozenCameraGoesOn) {
  config_.history = 3;
  const auto control = core();
  for (int step = 0; step < 12; ++step) expect_allowed(act(*control).action, model_.action_spec(), {});
  EXPECT_GT(control->plans(0), 4);
}

TEST_F(Control, OfAModelThatBreaksInTheMiddleSaysSoAndGoesOn) {
  const auto control = core();
  model_.break_after(1);  // in the second iteration
  EXPECT_THAT([&] { act(*control); }, ThrowsMessage<Error>(HasSubstr("the model broke")));
  EXPECT_EQ(control->plans(0), 0);
  EXPECT_EQ(act(*control).source, ActionSource::kSearch);
}

TEST_F(Control, RefusesSearchesThatCannotBe) {
  config_.planner.planner.search.elites = 13;
  EXPECT_THAT([&] { core(); }, ThrowsMessage<ConfigError>(HasSubstr("expected elites <= samples, got 13 > 12")));
  config_.planner.planner.search.elites = 4;
  config_.action_low = {0.5};
  config_.action_high = {-0.5};
  EXPECT_THROW(core(), ConfigError);
}

}  // namespace
}  // namespace foresee::planner
