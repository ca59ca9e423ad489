// Claims: method cloning learns which action leads from a picture to another, and ends when it is stopped.
#include "foresee/evaluate/cloning.h"

#include <gtest/gtest.h>

#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/torch.h"
#include "planner/env/env.h"

namespace foresee {
namespace {

using planner::kBankSize, planner::PictureBank, planner::Start, planner::Trial, planner::MethodFactory;
using planner::make_env, planner::run_trials, planner::small_pictures;

/// How far the first steps go to the right, px: all goals lie there.
double to_the_right(const std::vector<Start>& starts, const MethodFactory& method) {
  double sum = 0;
  for (const Trial& trial : run_trials(*make_env("two_room"), starts, method, {.budget = 4, .group = 8}))
    sum += trial.path.back()[0] - trial.path.front()[0];
  return sum / static_cast<double>(starts.size());
}

/// Episodes of eight steps to the right or to the left, five pixels each, in the left room.
std::shared_ptr<const PictureBank> straight_ways() {
  const auto env = make_env("two_room");
  auto bank = std::make_shared<PictureBank>();
  std::vector<Tensor> pictures, actions;
  for (int64_t i = 0; i < 24; ++i) {
    const double side = i % 2 == 0 ? 1 : -1, y = 40 + 6.0 * static_cast<double>(i);
    for (int64_t t = 0; t <= 8; ++t) {
      const std::vector<double> state{55 + side * (5.0 * static_cast<double>(t) - 20), y};
      env->set_state(state);
      pictures.push_back(env->render(64));
      actions.push_back(t < 8 ? torch::tensor({static_cast<float>(side), 0.0f}) : at::full({2}, NAN));
    }
    bank->episodes.push_back({.id = static_cast<uint64_t>(i), .first = 9 * i, .rows = 9});
  }
  bank->pictures = small_pictures(at::stack(pictures));
  bank->actions = at::stack(actions);
  return bank;
}

TEST(Cloning, LearnsTheWay) {
  std::vector<Start> starts, back;
  for (int64_t i = 0; i < 8; ++i) {
    const double y = 60 + 14.0 * static_cast<double>(i);
    starts.push_back({.state = {30, y}, .goal = {80, y}});
    back.push_back({.state = {80, y}, .goal = {30, y}});
  }
  const auto ways = straight_ways();
  const auto fitted = [&](const CloningFit& fit) {
    return planner::cloning_method(cloning_fitter(fit)(*ways, /*horizon=*/25, /*seed=*/1, {}));
  };
  const auto untrained = fitted({.steps = 1, .batch = 8, .learning_rate = 0}),
             trained = fitted({.steps = 150, .batch = 32});
  EXPECT_LT(std::abs(to_the_right(starts, untrained) - to_the_right(back, untrained)), 2);
  EXPECT_GT(to_the_right(starts, trained), 5);
  EXPECT_LT(to_the_right(back, trained), -5);
}

TEST(Cloning, EndsWhenItIsStopped) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(cloning_fitter()(*straight_ways(), 25, 1, {.stop = stop.get_token()}), Interrupted);
}

TEST(Cloning, RefusesEpisodesWithoutActions) {
  PictureBank bank = *straight_ways();
  bank.actions.fill_(NAN);
  EXPECT_THROW(cloning_fitter()(bank, 25, 1, {}), DataError);
}

}  // namespace
}  // namespace foresee
