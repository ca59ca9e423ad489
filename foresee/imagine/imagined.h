#pragma once

#include <vector>

#include "foresee/imagine/frame_bank.h"

namespace foresee {

/// Latents as pictures, in two ways that are both honest only with what they lack: the nearest real frame is sharp
/// whatever the latent is (its distance says how far off it is), the decoder blurs what the latent does not hold.
struct ImaginedPictures {
  Tensor nearest;                 // uint8 [T, 3, H, W], of the bank
  std::vector<double> distances;  // of the latents from those frames' encodings
  Tensor decoded;                 // uint8 [T, 3, S, S]; undefined: the model has no picture decoder
};

/// @param latents  float [T, ...], as WorldModel::encode_goal and rollout give them.
ImaginedPictures imagined_pictures(const WorldModel& model, const FrameBank& bank, const Tensor& latents);

}  // namespace foresee
