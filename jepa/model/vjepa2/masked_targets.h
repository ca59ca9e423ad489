#pragma once

#include <cstdint>
#include <span>

#include "jepa/core/config.h"
#include "jepa/model/vjepa2/encoder.h"

namespace foresee {

/// What a masked predictor was trained to predict: "targets.json" beside its weights. The defaults are V-JEPA 2's.
struct MaskedTargets {
  int64_t levels = 1;   // last blocks of the target encoder that a target averages
  double steady = 1.0;  // share of what stays the same over a clip that targets keep (weigh_change)
};
void describe(Fields& fields, MaskedTargets& config);

/// Targets of whole clips, without gradients: layer-normed features of the target encoder, before weigh_change.
/// @param tubelets  of unfold_tubelets, [B, N, values]. @param layers  blocks that the predictor predicts, side by side
/// (MaskedPredictorConfig::layers); empty: the last. @param levels  MaskedTargets::levels; above 1, `layers` is empty.
/// @returns float [B, N, D], or [B, N, layers * D] with each layer normed by itself.
Tensor masked_targets(const VideoEncoder& encoder, const Tensor& tubelets, const TokenGrid& grid,
                      std::span<const int64_t> layers, int64_t levels);

}  // namespace foresee
