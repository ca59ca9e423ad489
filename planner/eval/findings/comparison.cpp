#include "planner/eval/findings/comparison.h"

#include <map>

namespace foresee::planner {
namespace {

PairedOutcomes outcomes_of(const MethodResult& first, const MethodResult& second) {
  std::map<int64_t, bool> solved;
  for (const Trial& trial : first.trials) solved[trial.start] = trial.success;
  std::vector<uint8_t> a, b;
  for (const Trial& trial : second.trials)
    if (const auto found = solved.find(trial.start); found != solved.end()) {
      a.push_back(found->second ? 1 : 0);
      b.push_back(trial.success ? 1 : 0);
    }
  return paired_outcomes(a, b);
}

}  // namespace

std::vector<Comparison> comparisons(const EvalResult& result) {
  const MethodResult* first = result.planner();
  if (first == nullptr) first = result.find("inverse_dynamics");
  std::vector<Comparison> out;
  if (first == nullptr) return out;
  for (const MethodResult& second : result.methods) {
    if (&second == first) continue;
    const PairedOutcomes outcomes = outcomes_of(*first, second);
    if (outcomes.n() == 0) continue;
    out.push_back({first->method, second.method, outcomes, paired_difference(outcomes), mcnemar_p(outcomes)});
  }
  return out;
}

}  // namespace foresee::planner
