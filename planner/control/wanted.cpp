#include "planner/control/wanted.h"

#include "jepa/core/torch.h"

namespace foresee::planner {

std::vector<Goal> goals_of(std::span<const std::vector<Wanted>* const> problems) {
  std::vector<Goal> goals;
  for (size_t number = 0; number < problems.front()->size(); ++number) {
    std::vector<Tensor> pictures, states;
    std::vector<double> weights;
    bool weighted = false;
    for (const auto* problem : problems) {
      const Wanted& wanted = problem->at(number);
      pictures.push_back(wanted.picture);
      if (!wanted.state.empty()) states.push_back(torch::tensor(wanted.state, at::kDouble));
      weights.push_back(wanted.weight);
      weighted = weighted || wanted.weight != 1;
    }
    Goal& goal = goals.emplace_back(at::stack(pictures));
    if (!states.empty()) goal.state = at::stack(states);
    if (weighted) goal.weight = torch::tensor(weights, at::kFloat);
  }
  return goals;
}

}  // namespace foresee::planner
