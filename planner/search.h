#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "jepa/core/action_spec.h"
#include "jepa/core/config.h"
#include "jepa/core/tensor.h"
#include "planner/cost.h"
#include "planner/plan.h"

// Note [Sampling searches]
// The problem: from where we are, find the action blocks a_1 .. a_H with the lowest cost J(a_1 .. a_H). A sampling
// search keeps a Gaussian over plans, mean and standard deviation [B, H, D], and repeats: draw K candidates, ask the
// cost, move the Gaussian toward the cheap ones. What differs between the planners is how candidates are drawn and how
// the Gaussian moves; what they share lies here. B problems are searched side by side and never mix.

namespace foresee::planner {

/// What every sampling search has. Defaults: the evaluation setting of LeWorldModel (arXiv 2603.19312).
struct SearchConfig {
  int64_t samples = 300;
  int64_t iterations = 30;
  int64_t elites = 30;
  int64_t horizon = 5;
  double init_std = 1.0;

  /// @throws ConfigError when there are more elites than samples.
  void validate() const;
};
void describe(Fields& fields, SearchConfig& config);

/// What one iteration asked and learned, for traces and tests. B problems, K candidates, E elites.
struct Iteration {
  Tensor candidates;   // float [B, K, H, D]
  Tensor costs;        // float [B, K]
  Tensor elite_costs;  // float [B, E], ascending
  Tensor elite_index;  // int64 [B, E], candidates in that order
  Tensor mean, std;    // float [B, H, D], after the update
};

/// B searches with one horizon and one block size D.
struct SearchRequest {
  Tensor init;   // float [B, h, D], 0 <= h <= horizon: first blocks of the first mean, the rest is 0. Its device is the
                 // search's.
  Tensor noise;  // float [iterations, B, K, H, D], standard normal: draw_noise()
  Tensor rows;   // int64 [B], handed to the cost; undefined: 0 .. B-1
  Tensor low, high;  // float [D], normalised bounds where a planner keeps to some (iCEM); undefined: none
  std::function<void(int64_t iteration, const Iteration&)> trace;  // called after every update; may be empty
};

/// A problem's own name, and how many plans it has had: what its noise depends on.
struct PlanId {
  int64_t problem = 0;
  int64_t number = 0;
};

/// Draws the noise of whole searches ahead. A problem's draws depend on seed and id only, not on its neighbours.
/// @returns float [iterations, B, samples, horizon, block_size], on the CPU.
Tensor draw_noise(uint64_t seed, std::span<const PlanId> ids, const SearchConfig& config, int64_t block_size);

/// The bounds of every number of a block, normalised: (low, high), float [D] each; undefined where there is none.
std::pair<Tensor, Tensor> normalised_bounds(const ActionSpec& actions);

/// The cheapest candidates of an iteration, cheapest first.
struct Elites {
  Tensor actions;  // float [B, E, H, D]
  Tensor costs;    // float [B, E]
  Tensor index;    // int64 [B, E]
};

/// One search under way; see Note [Sampling searches].
class Search {
 public:
  /// @throws Error when the shapes of the request do not agree with each other or with `config`.
  Search(const CostFn& cost, const SearchRequest& request, const SearchConfig& config);

  /// mean + std * noise, candidate 0 being the mean itself. @param noise  [B, K, H, D]. @returns the same shape.
  Tensor sample(const Tensor& noise) const;
  /// Noise of an iteration. @returns float [B, K, H, D].
  Tensor noise(int64_t iteration) const { return noise_[iteration]; }
  /// Asks the cost and picks the `count` cheapest candidates. @throws Error when the cost answers in another shape.
  Elites judge(const Tensor& candidates, int64_t count);
  /// Hands the finished iteration to the trace.
  void record(int64_t iteration) const;
  /// Ends the search. @param blocks  [B, H, D]. @param cost  [B]. @throws Error when a cost is not finite.
  Plan finish(const Tensor& blocks, const Tensor& cost) const;

  Tensor mean, std;  // float [B, H, D]: the Gaussian, moved by the planner

 private:
  const CostFn& cost_;
  const SearchRequest& request_;
  std::chrono::steady_clock::time_point begin_;
  Tensor noise_, rows_;
  Iteration last_;
  std::vector<Tensor> best_;  // [B] each: best cost of every iteration
};

}  // namespace foresee::planner
