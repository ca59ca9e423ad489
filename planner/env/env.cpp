#include "planner/env/env.h"

namespace foresee::planner {

std::vector<std::pair<std::string, std::vector<double>>> Env::columns() const {
  return {{"state", state()}, {"goal_state", goal()}};
}

void Env::restore(const Env& other) {
  set_goal(other.goal());
  set_state(other.state());
}

std::vector<double> Env::rest() const { return std::vector<double>(static_cast<size_t>(action_spec().size), 0.0); }

}  // namespace foresee::planner
