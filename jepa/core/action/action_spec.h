#pragma once

#include <cstdint>
#include <vector>

#include "jepa/core/config.h"
#include "jepa/core/tensor.h"

namespace foresee {

/// What an action is, for a world model and for a planner: `actions.json` of a model folder.
///
/// An environment action has `size` numbers in the environment's units. A model and a search see *blocks*: `block`
/// consecutive environment actions, z-scored and laid end to end, block * size = D numbers, first action first.
struct ActionSpec {
  int64_t size = 2;          // numbers in one environment action
  int64_t block = 1;         // environment steps per block (the frame skip)
  std::vector<double> low;   // [size], environment units; empty: unbounded
  std::vector<double> high;  // [size]
  std::vector<double> mean;  // [size], of the training data; empty: 0
  std::vector<double> std;   // [size], population; empty: 1
  bool clip = false;         // normalised numbers are cut to [-1, 1]: mean and std are then middle and half of a range

  int64_t block_size() const { return block * size; }

  /// Environment units to what models see: float [..., block, size] or [..., block * size] -> [..., block * size].
  Tensor normalise(const Tensor& actions) const;
  /// The inverse: float [..., H, block * size] -> [..., H * block, size] in environment units, not clipped.
  Tensor to_environment(const Tensor& blocks) const;
  /// @throws ConfigError when the lists do not have `size` entries or a std is not positive.
  void validate() const;
};

void describe(Fields& fields, ActionSpec& spec);

}  // namespace foresee
