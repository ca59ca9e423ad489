#pragma once

#include <string_view>
#include <utility>

#include "planner/search.h"

namespace foresee::planner {

/// How a gradient becomes a step.
enum class Descent { kSgd, kAdam, kAdamW };
inline constexpr std::pair<Descent, std::string_view> kDescentNames[] = {
    {Descent::kSgd, "sgd"}, {Descent::kAdam, "adam"}, {Descent::kAdamW, "adamw"}};

/// What gradient descent adds. Default: stable_worldmodel's configuration of its GradientSolver.
struct GradientConfig {
  Descent optimizer = Descent::kAdamW;
  double learning_rate = 0.1;
  double weight_decay = 0.01;  // adamw
  double noise = 0;            // standard deviation of what is added after each step, normalised actions
  double clip_norm = 0;        // largest norm of a problem's gradient; 0: any
  bool judge_last = true;      // false: the plan is chosen by the costs before the last step, as in 0.1.1
};
void describe(Fields& fields, GradientConfig& config);

/// One descent: PyTorch's optimizers at their default constants, for one tensor.
class Descender {
 public:
  explicit Descender(const GradientConfig& config);

  /// @param plans  float [B, K, H, S]. @param slope  their gradient, which is cut to `clip_norm`. @returns the next
  /// ones.
  Tensor step(const Tensor& plans, const Tensor& slope);

 private:
  const GradientConfig& config_;
  Tensor mean_, square_;  // of Adam
  int steps_ = 0;
};

/// What `samples` and `iterations` of a gradient search draw: the starts and, with noise, one draw behind each step.
SearchConfig gradient_draws(SearchConfig search, const GradientConfig& config);

/// Gradient descent through the model from many starts, as stable_worldmodel's GradientSolver:
///   x_0 = limits(mean),  x_s = limits(mean + init_std * noise_s);  g = d(sum of costs) / dx, cut to `clip_norm`
///   x <- limits(x + step(g) + noise * draw)
/// The plan is the x of the lowest cost. Starts do not meet: `samples` many are as many descents. `elites` is not used.
/// @param request  noise as gradient_draws() says. @throws Error where the cost gives no gradients; what Search throws.
Plan gradient_descent(const CostFn& cost, const SearchRequest& request, const SearchConfig& config,
                      const GradientConfig& gradient, const ActionSpace& space = {});

}  // namespace foresee::planner
