#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "jepa/core/config.h"
#include "jepa/core/tensor.h"
#include "jepa/nn/position/token_grid.h"

namespace foresee {

// Note [Multi-block masks]
// V-JEPA 2 hides tubes: blocks of patches that span (usually all of) a clip's time; the target is their union, the
// context is the rest (facebookresearch/vjepa2 src/masks/multiseq_multiblock3d.py). One block size is drawn for a whole
// batch, the places are drawn for each sample. So that samples stack, every mask is cut to the shortest of the batch:
// to its FIRST ids, which lie earliest in time. After that context and target no longer cover the clip. Draws come from
// LibTorch's own generators in upstream's order, so that upstream's masks can be repeated bit for bit.

/// One group of masks. Defaults: the published short-range group.
struct MaskConfig {
  int64_t num_blocks = 8;
  std::vector<double> spatial_scale{0.15, 0.15};  // [low, high], share of a frame's patches that a block covers
  std::vector<double> temporal_scale{1.0, 1.0};   // [low, high], share of the clip's time
  std::vector<double> aspect_ratio{0.75, 1.5};    // [low, high], height over width of a block
  double max_temporal_keep = 1.0;                 // context lies within this first share of the clip
  std::optional<int64_t> max_keep;                // at most so many context tokens
  bool full_complement = false;                   // target = all that the cut context leaves out
  bool pred_full_complement = false;              // context = all that the cut target leaves out
  bool inv_block = false;                         // swap context and target

  /// The published long-range group: two blocks of 0.7.
  static MaskConfig long_range();
  void validate() const;
};
void describe(Fields& fields, MaskConfig& config);

/// Size of a block in tokens.
struct MaskBlock {
  int64_t time = 0, height = 0, width = 0;
};

/// Token ids, ascending in each row: int64 [B, K] with the K of the batch.
struct MaskPair {
  Tensor context, target;
};

/// LibTorch's CPU generator (Mersenne Twister), as torch.manual_seed(seed) leaves it.
at::Generator cpu_generator(uint64_t seed);

/// Draws a block size: three uniforms of `sizes`. Upstream seeds `sizes` with the number of the batch (0, 1, ...).
MaskBlock sample_mask_block(const MaskConfig& config, const TokenGrid& grid, at::Generator& sizes);

/// Draws masks for a batch. @param places  stands for upstream's process-global generator.
/// @throws Error when no place leaves a context token or no token is a target (a grid too small for the config).
MaskPair sample_masks(const MaskConfig& config, const TokenGrid& grid, const MaskBlock& block, int64_t batch,
                      at::Generator& places);

}  // namespace foresee
