#pragma once

#include "jepa/core/tensor.h"

namespace foresee {

/// The two terms of VICReg (Bardes, Ponce & LeCun 2022, equations 1 to 4) that keep features apart; scalars.
struct VicregTerms {
  Tensor variance;    // mean over dimensions of max(0, 1 - sqrt(var + 1e-4)): every dimension varies over the samples
  Tensor covariance;  // sum of the squared off-diagonal covariances / D: no two dimensions say the same
};

/// @param features  float [..., D]; leading axes are samples, at least two.
VicregTerms vicreg_terms(const Tensor& features);

}  // namespace foresee
