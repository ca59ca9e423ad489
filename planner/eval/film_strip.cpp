#include "planner/eval/film_strip.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {
namespace {

constexpr int64_t kGap = 2, kGoalGap = 10;  // pixels

}  // namespace

Tensor strip_colour(int64_t red, int64_t green, int64_t blue) {
  return torch::tensor({red, green, blue}).to(at::kByte).reshape({3, 1, 1});
}

Tensor empty_strip(int64_t height, int64_t width, bool success) {
  Tensor strip = strip_colour(255, 255, 255).repeat({1, height + 2 * kStripFrame, width + 2 * kStripFrame});
  const Tensor frame = success ? strip_colour(60, 160, 75) : strip_colour(205, 50, 50);
  for (const int64_t axis : {1, 2}) {
    strip.narrow(axis, 0, kStripFrame).copy_(frame);
    strip.narrow(axis, strip.size(axis) - kStripFrame, kStripFrame).copy_(frame);
  }
  return strip;
}

void put_into_strip(Tensor& strip, const Tensor& picture, int64_t y, int64_t x) {
  strip.narrow(1, kStripFrame + y, picture.size(1)).narrow(2, kStripFrame + x, picture.size(2)).copy_(picture);
}

Tensor film_strip(const Env& env, const Start& start, const Trial& trial, int64_t pictures, int64_t size) {
  FORESEE_CHECK(!trial.path.empty() && pictures >= 1, "expected a path and at least one picture, got {} states, {}",
                trial.path.size(), pictures);
  const auto shown = (start.scene ? *start.scene : env).clone();
  shown->set_goal(start.goal);
  const auto last = static_cast<int64_t>(trial.path.size()) - 1, count = std::min(pictures, last + 1);

  const int64_t width = (count + 1) * size + (count - 1) * kGap + kGoalGap;
  Tensor strip = empty_strip(size, width, trial.success);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t step = count == 1 ? last : i * last / (count - 1);
    shown->set_state(trial.path[static_cast<size_t>(step)]);
    put_into_strip(strip, shown->render(size), 0, i * (size + kGap));
  }
  put_into_strip(strip, shown->render_goal(size), 0, width - size);
  return strip;
}

std::vector<int64_t> failures_first(const std::vector<Trial>& trials) {
  std::vector<int64_t> order(trials.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  std::stable_partition(order.begin(), order.end(), [&](int64_t i) { return !trials[static_cast<size_t>(i)].success; });
  return order;
}

}  // namespace foresee::planner
