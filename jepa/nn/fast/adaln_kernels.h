#pragma once

#include <span>

#include "jepa/core/kernel.h"
#include "jepa/nn/affine.h"

namespace foresee {

// Parts of an AdaLN block for inference. Fused, in float32 on the CPU with rows of contiguous floats: one pass on one
// thread, as a search calls them from several threads, each with its own candidates.

/// LN2(LN1(x) (1 + scale) + shift): the norm without weights, the modulation and the inner norm in one pass.
/// @param x, out  [N, D]. @param shift, scale  [N, D], rows may lie apart. @param norm  LN2, [D]; undefined: none.
void modulated_norm(const Tensor& x, const Tensor& shift, const Tensor& scale, const Affine& norm, Tensor& out,
                    Kernel kernel = Kernel::kAutomatic);

/// x += gate * h. @param x, h  [N, D]. @param gate  [N, D], rows may lie apart.
void gated_add(Tensor& x, const Tensor& gate, const Tensor& h, Kernel kernel = Kernel::kAutomatic);

/// Attention of one token to a few tokens, at most 16. @param query  [N, heads * d]. @param keys, values  each
/// [N, heads * d]. Rows of all of them may lie apart. @param out  [N, heads * d].
void attend_to_few(const Tensor& query, std::span<const Tensor> keys, std::span<const Tensor> values, int64_t heads,
                   Tensor& out, Kernel kernel = Kernel::kAutomatic);

}  // namespace foresee
