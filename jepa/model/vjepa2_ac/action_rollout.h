#pragma once

#include <memory>
#include <vector>

#include "jepa/model/vjepa2_ac/action_predictor.h"
#include "jepa/nn/fast/packed_block.h"

namespace foresee {

/// Keys and values of the frames that went through the predictor, for those that follow
/// (Note [Action-conditioned predictor]).
struct ActionCache {
  FrameGrid grid;
  int64_t group = 0;                 // tokens of a step
  int64_t frames = 0;                // that are in it
  std::vector<Tensor> keys, values;  // one a block: [R, heads, capacity * group, head_dim]

  int64_t rows() const { return keys.front().size(0); }
  int64_t capacity() const { return keys.front().size(2) / group; }
  /// Every row `repeats` times in a row, with room for `more` frames.
  ActionCache fan_out(int64_t repeats, int64_t more) const;
  /// The same. @param spare  a cache that nobody needs any more: its memory is used where it is of the right shape.
  ActionCache fan_out(int64_t repeats, int64_t more, const ActionCache& spare) const;
  /// The given rows (an index may repeat), without room for more.
  ActionCache select(const Tensor& index) const;
};

/// Roll-outs of a fixed predictor, frame by frame and without gradients: every frame goes through once, and later ones
/// attend to its keys and values. The same numbers as ActionPredictor::forward up to rounding
/// (tests/jepa/model/vjepa2_ac/action_predictor_test.cpp).
class ActionRollout {
 public:
  /// @param predictor  of float32 weights, which are laid out for fast products once (a copy) and must not change any
  /// more. @param precision  of products and attention.
  explicit ActionRollout(std::shared_ptr<const ActionPredictor> predictor, Precision precision = Precision::kFloat32);

  /// A cache of no frames. @param capacity  frames it has room for.
  ActionCache empty(int64_t rows, int64_t capacity, const FrameGrid& grid) const;
  /// Runs one frame of every row and adds it to the cache.
  /// @param frame  one step of R rows. @returns float [R, n, D]: the prediction of the next frame, not layer-normed.
  Tensor advance(const ActionSteps& frame, ActionCache& cache) const;
  /// The same for frames whose prediction nobody wants: those before the current one.
  /// @param frames  any number of steps, also none.
  void remember(const ActionSteps& frames, ActionCache& cache) const;

  /// Bytes of a frame of one row in a cache.
  int64_t bytes_per_frame(const FrameGrid& grid) const;

 private:
  Tensor run(const ActionSteps& frame, ActionCache& cache, bool predict) const;

  std::shared_ptr<const ActionPredictor> predictor_;
  at::ScalarType dtype_;
  std::vector<PackedBlock> blocks_;
};

}  // namespace foresee
