#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "jepa/core/tensor.h"
#include "jepa/model/family/family.h"
#include "jepa/model/world_model.h"
#include "planner/eval/surprise/violations.h"

namespace foresee::planner {

/// What three measures say of B episodes: float, on the CPU.
struct StepScores {
  Tensor surprise;       // [B, W], of every window of pictures: how far what was expected is from what is seen
  Tensor latent_change;  // [B, W], how far two encodings in a row are apart, without a prediction
  Tensor pixels;         // [B, T - 1], mean square difference of two pictures in a row, of values 0 .. 1
};

/// Whoever is shown pairs and asked how surprised it is.
struct Witness {
  int64_t size = 0;      // px, of the pictures that it is shown
  PairTiming timing{};   // of pairs that are made for it
  int64_t window = 2;    // pictures of a score
  int64_t stride = 1;    // pictures from one score to the next
  int64_t follows = 1;   // scores after the first that a violation falls into, of which the curve tells
  int64_t at_once = 25;  // pairs of one call
  /// @param changed, unchanged  uint8 [B, T, 3, size, size]. @param actions  double [B, (T - 1) * block, A], or
  /// undefined. @returns of changed, then of unchanged.
  std::function<std::array<StepScores, 2>(const Tensor& changed, const Tensor& unchanged, const Tensor& actions)>
      watch{};

  /// The first score of which a picture may be surprising: the first window that holds it. Never negative.
  int64_t first_score(int64_t picture) const;
};

/// A world model: the surprise of a step is the mean square error of its prediction one action block ahead, from up to
/// kSurpriseHistory pictures. @param model  must outlive the witness.
Witness world_model_witness(const WorldModel& model);
inline constexpr int64_t kSurpriseHistory = 3;  // pictures, as plans look back

/// An encoder with its masked predictor, as Garrido et al. 2025 (arXiv 2502.11831) ask it: a window of the encoder's
/// length slides over the episode by one time step, its first half is seen, and the surprise is the mean L1 distance
/// of what is predicted for the later half from what the target encoder then finds there. No actions are used. Both
/// episodes of a pair are scored in one call, so that they share the scale of their targets.
///
/// Episodes last as long as it takes to slide over the violation. A time step of it spans about as many environment
/// steps as the action block of a world model: pictures lie closer together than for those, in which an object moves
/// as far as the smallest jump, and nobody who is not told the actions could tell the two apart.
Witness encoder_witness(const ClipPredictor& predictor);

}  // namespace foresee::planner
