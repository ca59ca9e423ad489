#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "jepa/core/api/error.h"
#include "jepa/core/config.h"
#include "jepa/core/tensor.h"
#include "planner/cost.h"
#include "planner/plan.h"
#include "planner/space/action_space.h"

// Note [Sampling searches]
// The problem: from where we are, find the action blocks a_1 .. a_H with the lowest cost J(a_1 .. a_H). A sampling
// search keeps a Gaussian over plans, mean and standard deviation [B, H, D], and repeats: draw K candidates, ask the
// cost, move the Gaussian toward the cheap ones. What differs between the planners is how candidates are drawn and how
// the Gaussian moves; what they share lies here. B problems are searched side by side and never mix; one that has
// settled or has no more time stays as it is while the others go on, and is still asked for: shapes stay. A candidate
// whose cost is no finite number loses; so does one that breaks a constraint, against all that keep it. Which numbers
// of an action are searched, and within which limits, is an ActionSpace: the Gaussian knows the S searched numbers,
// costs and plans see whole actions of D.

namespace foresee::planner {

/// What every sampling search has. Defaults: the evaluation setting of LeWorldModel (arXiv 2603.19312).
struct SearchConfig {
  int64_t samples = 300;
  int64_t iterations = 30;
  int64_t elites = 30;
  int64_t horizon = 5;
  double init_std = 1.0;
  double converged = 0;    // a search ends when nothing of it is above that (Search::settled); 0: never
  int64_t knots = 0;       // of a spline through the plan, which are searched; 0: every block is (spline_weights)
  double effort = 0;       // weight of effort_of() in the cost
  double change = 0;       // weight of change_of()
  double most_effort = 0;  // hard constraint of a search by sampling; 0: any
  double most_change = 0;

  /// What is searched along the horizon: blocks, or knots.
  int64_t steps() const { return knots > 0 ? knots : horizon; }
  /// @throws ConfigError when there are more elites than samples, or more knots than blocks.
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
  Tensor mean, std;    // float [B, steps, S], after the update
};

/// B searches with one horizon and one block size D, of which S numbers are searched: all, if the space does not say.
struct SearchRequest {
  Tensor init;   // float [B, h, S], 0 <= h <= horizon: first blocks of the first mean, the rest is 0. Its device is the
                 // search's.
  Tensor noise;  // float [iterations, B, K, steps, S], standard normal: draw_noise()
  Tensor rows;   // int64 [B], handed to the cost; undefined: 0 .. B-1
  Tensor low, high;                // float [D], the box where no ActionSpace is given; undefined: none
  std::optional<ActionBall> ball;  // same
  ConstraintFn constraints;        // what a plan has to keep; empty: what the config says
  std::function<void(int64_t iteration, const Iteration&)> trace;  // called after every update; may be empty
  std::function<bool(int64_t iteration)> go_on;  // asked before every iteration; false, but for the first, ends the
                                                 // search; empty: all are run
  std::function<bool(int64_t iteration, int64_t problem)> go_on_with;  // the same for every problem that goes on, but
                                                                       // before the first iteration
};

/// The cheapest candidates of an iteration, cheapest first. One without a finite cost is replaced by the cheapest.
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

  /// Whether iteration `iteration` of `all` is to be run: a problem has not settled, and has time for it.
  bool more(int64_t iteration, int64_t all);
  /// Says how far each problem is from having settled: the largest of its numbers is held against `converged`. What
  /// they are is the solver's matter: deviations, steps. @param spread  [B, ...].
  void settled(const Tensor& spread);
  /// `now` of the problems that go on, `before` of the others. @param now, before  [B, ...].
  Tensor going(const Tensor& now, const Tensor& before) const;
  Elites going(const Elites& now, const Elites& before) const;
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
  /// The cheapest candidates of all that were judged. @returns float [B, steps, S].
  const Tensor& best() const { return best_; }
  const ActionSpace& space() const { return space_; }
  const Tensor& rows() const { return rows_; }
  /// Ends the search: dead band, limits, whole actions, and what the plan itself costs. Where that is no finite number,
  /// or the plan breaks a constraint, the cheapest candidate takes its place if it is better there.
  /// @param numbers  [B, steps, S]. @param elite_cost  [B]. @param cut  false: without the limits. @throws NotFinite.
  Plan finish(const Tensor& numbers, const Tensor& elite_cost, bool cut = true) const;

  Tensor mean, std;  // float [B, steps, S]: the Gaussian, moved by the planner

 private:
  Tensor costs_of(const Tensor& actions) const;
  Tensor excess_of(const Tensor& actions) const;
  Tensor sorted_by(const Tensor& actions, const Tensor& costs);
  Elites pick(const Tensor& candidates, const Tensor& actions, const Tensor& costs, int64_t count);
  void stop(size_t problem, Stop why);
  void take_best(Plan& plan) const;

  const CostFn& cost_;
  const SearchRequest& request_;
  double converged_, effort_, change_;
  ConstraintFn constraints_;
  ActionSpace space_;
  std::chrono::steady_clock::time_point begin_;
  Tensor noise_, rows_;
  Iteration last_;
  std::vector<bool> goes_on_;         // [B]
  std::vector<int64_t> iterations_;   // [B]
  std::vector<Stop> stopped_;         // [B]
  Tensor going_;                      // bool [B], undefined while all go on
  Tensor spread_;                     // [B], of settled()
  Tensor not_finite_;                 // int64 []
  Tensor best_, best_cost_;           // [B, steps, S], [B]: of all candidates
  Tensor cheapest_;                   // [B]: best cost of what was judged last
  std::vector<Tensor> best_by_turn_;  // [B] each: best cost of every iteration
};

}  // namespace foresee::planner
