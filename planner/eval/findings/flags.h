#pragma once

#include <string>
#include <vector>

#include "planner/eval/evaluate.h"

namespace foresee::planner {

/// A sign that the success rates of an evaluation do not say what they seem to say.
struct EvalFlag {
  std::string name;
  double value = 0, threshold = 0;  // what was measured, and the bound that it breaks
  std::string meaning;              // both in a sentence
};

/// Every flag that an evaluation raises, of the method that is judged (the first search on the model; without one, the
/// inverse-dynamics head), in this order:
///   no better than a baseline  the paired interval of the difference to random, noop, nearest_neighbour or cloning
///                              holds 0 or less; one flag for each of them
///   floor                      doing nothing solves more than 20 % of the starts
///   too few episodes           the interval of its success is wider than 20 points
///   starts nearly solved       more than 20 % of the starts lie nearer to their goal than 1.5 times the distance at
///                              which three of four successes of this evaluation ended
///   success lost again         of more than 20 % of its successes the goal is left while nothing is done
///                              (Trial::held)
///   training episodes          the model was trained on episodes that starts lie on
std::vector<EvalFlag> flags(const EvalResult& result);

}  // namespace foresee::planner
