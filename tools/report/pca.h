#pragma once

#include "jepa/core/tensor.h"

namespace foresee::report {

/// Patch features as colours: their first three principal components over all tokens of the clip become red, green and
/// blue. Each component is scaled between its 2nd and 98th percentile, so that single tokens do not flatten the rest.
/// The sign of a component, which PCA leaves open, is such that its largest loading (by size, the first of equals) is
/// positive. A component without variance (below 1e-10 of the first) is mid grey, 128.
/// @param tokens  float [T', h, w, D], time slowest; any device. @returns uint8 [T', 3, h, w], CPU.
/// @throws Error on another shape or values that are not finite.
Tensor pca_picture(const Tensor& tokens);

}  // namespace foresee::report
