#pragma once

#include "jepa/nn/heads.h"

namespace foresee {

/// softmax(q k^T / sqrt(head_dim)) v, every token seeing every token, with the heads side by side again.
/// On the CPU in float32 and float64 each head is worked on by one thread with large products on tiles of the weights
/// that fit its cache, which are computed anew for the gradient; elsewhere, and for few tokens, it is LibTorch's fused
/// kernel.
/// @returns float [B, N, heads * head_dim].
Tensor attend(const Heads& heads);

}  // namespace foresee
