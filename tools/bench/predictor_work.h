#pragma once

#include <cstdint>

#include "jepa/core/tensor.h"
#include "jepa/model/lewm/config.h"

namespace foresee::tools {

/// Floating-point operations in matrix products that one candidate plan really needs of a LeWM's predictor. While the
/// window of frames grows, one new token; once it slides, all of the window, since every position changes. The last
/// block's queries, attention and MLP are of the newest token alone. What candidates share is left out, and so are
/// norms and other elementwise work. @param history  frames of the context. @param horizon  blocks of the plan.
/// @returns 0 for a predictor that does not go block after block.
double candidate_flops(const LewmConfig& config, int64_t history, int64_t horizon);

/// The machine's best rate of a float32 matrix product over the shapes of that predictor, operations a second. Each
/// shape runs for a tenth of a second. @param rows  candidates that are rolled out together.
double best_product_rate(const LewmConfig& config, int64_t rows, at::Device device);

}  // namespace foresee::tools
