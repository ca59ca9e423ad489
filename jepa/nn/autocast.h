#pragma once

#include "jepa/nn/precision.h"

namespace foresee {

/// The precision of large products in this thread while it lives: kBFloat16 switches LibTorch's autocast on, kFloat32
/// off. Weights, their updates and norms stay float32 in either. Casts of weights are not kept: tiles of one pass (see
/// tiled) share nothing.
class AutocastGuard {
 public:
  AutocastGuard(Precision precision, at::DeviceType device);
  ~AutocastGuard();
  AutocastGuard(const AutocastGuard&) = delete;
  AutocastGuard& operator=(const AutocastGuard&) = delete;

 private:
  at::DeviceType device_;
  bool enabled_, cached_;
  at::ScalarType dtype_;
};

/// What the innermost guard of this thread set; kFloat32 without one. For work that goes on in other threads.
Precision autocast_precision(at::DeviceType device);

}  // namespace foresee
