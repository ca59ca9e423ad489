#include "planner/categorical.h"

#include <limits>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {
namespace {

/// Categories that lie outside the box: choosing one makes its number 1 and the others of its action 0.
/// @returns bool [A, n]. @throws ConfigError where an action has none left.
Tensor banned_categories(const SearchRequest& request, int64_t actions, int64_t n) {
  constexpr double kNear = 1e-5;  // of normalised limits
  const auto inside = [&](double value) {
    Tensor held = at::ones({actions, n}, at::kBool);
    if (request.low.defined()) held = held.logical_and(request.low.cpu().view({actions, n}) <= value + kNear);
    if (request.high.defined()) held = held.logical_and(request.high.cpu().view({actions, n}) >= value - kNear);
    return held;
  };
  const Tensor needed = inside(0).logical_not();  // cannot be 0: another one cannot be chosen
  const Tensor allowed = inside(1).logical_and(needed.sum(-1, /*keepdim=*/true) == needed.to(at::kLong));
  const Tensor none = allowed.any(-1).logical_not();
  if (none.any().item<bool>())
    fail<ConfigError>(
        "categorical_cem: no category of discrete action {} lies within the limits of the model's actions, which are "
        "0 or 1 for a category; train with actions that are not normalised",
        none.nonzero()[0].item<int64_t>());
  return allowed.logical_not();
}

}  // namespace

void describe(Fields& f, CategoricalConfig& c) {
  f("categories", c.categories, "values that each discrete action has; 0: the actions are numbers", {0, 1e6});
  f("smoothing", c.smoothing, "added to the elites' frequencies", {0, 1e6});
  f("momentum", c.momentum, "share of the old distribution that an update keeps", {0, 1});
}

Plan categorical_cem(const CostFn& cost, const SearchRequest& request, const SearchConfig& config,
                     const CategoricalConfig& categorical) {
  const int64_t n = categorical.categories, size = request.init.defined() ? request.init.size(-1) : 0;
  if (n < 2 || size % n != 0)
    fail<ConfigError>(
        "categorical_cem: searches discrete actions of {} categories (planner.categorical.categories), and the model "
        "takes blocks of {} numbers",
        n, size);
  Search search(cost, request, config);
  const Tensor banned = banned_categories(request, size / n, n).to(request.init.device());
  const auto one_hot = [&](const Tensor& scores) {  // [..., S] -> one-hot of each action's largest that is allowed
    const Tensor of_actions =
        scores.unflatten(-1, {size / n, n}).masked_fill(banned, -std::numeric_limits<double>::infinity());
    return at::one_hot(of_actions.argmax(-1), n).flatten(-2).to(scores.scalar_type());
  };
  search.mean = at::full_like(search.mean, 1.0 / static_cast<double>(n));
  Elites elites;
  for (int64_t i = 0; search.more(i, config.iterations); ++i) {
    const Tensor gumbel = -at::log(-at::log(search.noise(i).clamp_min(1e-10)));
    const Tensor candidates = one_hot(search.mean.log().unsqueeze(1) + gumbel);
    candidates.select(1, 0).copy_(one_hot(search.mean));
    elites = search.going(search.judge(candidates, config.elites), elites);
    Tensor frequency = elites.actions.mean(1).unflatten(-1, {size / n, n}) + categorical.smoothing;
    frequency = (frequency / frequency.sum(-1, /*keepdim=*/true)).flatten(-2);
    search.mean =
        search.going((1 - categorical.momentum) * frequency + categorical.momentum * search.mean, search.mean);
    search.settled(1 - search.mean.unflatten(-1, {size / n, n}).amax(-1));
    search.record(i);
  }
  return search.finish(one_hot(search.mean), elites.costs.mean(1));
}

}  // namespace foresee::planner
