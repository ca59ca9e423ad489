#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "jepa/core/api/error.h"
#include "jepa/core/config.h"
#include "jepa/core/tensor.h"
#include "planner/action_space.h"
#include "planner/cost.h"
#include "planner/plan.h"

// Note [Sampling searches]
// The problem: from where we are, find the action blocks a_1 .. a_H with the lowest cost J(a_1 .. a_H). A sampling
// search keeps a Gaussian over plans, mean and standard deviation [B, H, D], and repeats: draw K candidates, ask the
// cost, move the Gaussian toward the cheap ones. What differs between the planners is how candidates are drawn and how
// the Gaussian moves; what they share lies here. B problems are searched side by side and never mix. Which numbers of
// an action are searched, and within which limits, is an ActionSpace: the Gaussian knows the S searched numbers, costs
// and plans see whole actions of D.

namespace foresee::planner {

/// What every sampling search has. Defaults: the evaluation setting of LeWorldModel (arXiv 2603.19312).
struct SearchConfig {
  int64_t samples = 300;
  int64_t iterations = 30;
  int64_t elites = 30;
  int64_t horizon = 5;
  double init_std = 1.0;
  double converged = 0;  // a search of cem or icem ends when no deviation is above it, normalised actions; 0: never

  /// @throws ConfigError when there are more elites than samples.
  void validate() const;
};
void describe(Fields& fields, SearchConfig& config);

/// What one iteration asked and learned, for traces and tests. B problems, K candidates, E elites. S numbers of an
/// action's D are searched.
struct Iteration {
  Tensor candidates;   // float [B, K, H, D], whole actions
  Tensor costs;        // float [B, K]
  Tensor elite_costs;  // float [B, E], ascending
  Tensor elite_index;  // int64 [B, E], candidates in that order
  Tensor mean, std;    // float [B, H, S], after the update
};

/// B searches with one horizon and one block size D, of which S numbers are searched: all, if the space does not say.
struct SearchRequest {
  Tensor init;   // float [B, h, S], 0 <= h <= horizon: first blocks of the first mean, the rest is 0. Its device is the
                 // search's.
  Tensor noise;  // float [iterations, B, K, H, S], standard normal: draw_noise()
  Tensor rows;   // int64 [B], handed to the cost; undefined: 0 .. B-1
  Tensor low, high;          // float [D], the box where no ActionSpace is given; undefined: none
  ConstraintFn constraints;  // of solver lagrangian; empty: those of its config
  std::function<void(int64_t iteration, const Iteration&)> trace;  // called after every update; may be empty
  std::function<bool(int64_t iteration)> go_on;  // asked before every iteration; false, but for the first, ends the
                                                 // search; empty: all are run
};

/// The cheapest candidates of an iteration, cheapest first.
struct Elites {
  Tensor actions;  // float [B, E, H, S], the searched numbers
  Tensor costs;    // float [B, E]
  Tensor index;    // int64 [B, E]
};

/// A search whose plan costs no finite number. Who knows the model can say why.
class NotFinite : public Error {
 public:
  using Error::Error;
};

/// One search under way; see Note [Sampling searches].
class Search {
 public:
  /// @throws Error when the shapes of the request do not agree with each other, with `config` or with `space`.
  Search(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const ActionSpace& space = {});

  /// Whether iteration `iteration` of `all` is to be run: the deviations have not converged, and `go_on` says so.
  bool more(int64_t iteration, int64_t all);
  /// mean + std * noise within the limits of the space. @param noise  [B, K, H, S]. @returns the same shape.
  /// @param mean_first  candidate 0 is the mean itself.
  Tensor sample(const Tensor& noise, bool mean_first = true) const;
  /// Noise of an iteration. @returns float [B, K, H, S].
  Tensor noise(int64_t iteration) const { return noise_[iteration]; }
  /// Asks the cost and picks the `count` cheapest candidates. @param candidates  float [B, K, H, S]. @throws Error when
  /// the cost answers in another shape.
  Elites judge(const Tensor& candidates, int64_t count);
  /// Asks the cost with its graph. @param candidates  as for judge(). @param cheapest  gets the cheapest one.
  /// @returns the gradient of the summed costs, [B, K, H, S]. @throws Error where the cost gives none.
  Tensor slope(const Tensor& candidates, Elites& cheapest);
  /// Brings candidates inside the limits of the space. @param candidates  [B, K, H, S], changed.
  void constrain(const Tensor& candidates) const { space_.constrain(candidates); }
  /// Ends an iteration: keeps its best cost, and hands it to the trace.
  void record(int64_t iteration);
  /// The cheapest candidates of all that were judged. @returns float [B, H, S].
  const Tensor& best() const { return best_; }
  const ActionSpace& space() const { return space_; }
  const Tensor& rows() const { return rows_; }
  /// Ends the search: dead band, limits, whole actions, and what the plan itself costs. @param numbers  [B, H, S].
  /// @param elite_cost  [B]. @param cut  false: without the limits. @throws NotFinite.
  Plan finish(const Tensor& numbers, const Tensor& elite_cost, bool cut = true) const;

  Tensor mean, std;  // float [B, H, S]: the Gaussian, moved by the planner

 private:
  Tensor costs_of(const Tensor& actions) const;
  Elites pick(const Tensor& candidates, const Tensor& actions, const Tensor& costs, int64_t count);

  const CostFn& cost_;
  const SearchRequest& request_;
  double converged_;
  ActionSpace space_;
  std::chrono::steady_clock::time_point begin_;
  Tensor noise_, rows_;
  Iteration last_;
  Stop stopped_ = Stop::kIterations;
  Tensor best_, best_cost_;           // [B, H, S], [B]: of all candidates
  Tensor cheapest_;                   // [B]: best cost of what was judged last
  std::vector<Tensor> best_by_turn_;  // [B] each: best cost of every iteration
};

}  // namespace foresee::planner
