#pragma once

#include <functional>
#include <vector>

#include "jepa/core/kernel.h"

namespace foresee {

/// A network applied to a batch. Fused, on the CPU: tile by tile. Each tile is computed by one thread from beginning to
/// end, forward and backward, so that its activations stay in that thread's cache and threads meet once a pass instead
/// of after every operator. The same values and gradients as the plain network(input), but for the order of sums over
/// the batch; they do not depend on the number of threads.
/// @param input  [N, ...], without gradient. @param parameters  all that `network` uses and that wants a gradient.
/// @param tile  rows of a tile. @param network  maps rows to rows, each independent of the others.
/// A single tile is network(input).
Tensor tiled(const Tensor& input, const std::vector<Tensor>& parameters, int64_t tile,
             const std::function<Tensor(const Tensor&)>& network, Kernel kernel = Kernel::kAutomatic);

}  // namespace foresee
