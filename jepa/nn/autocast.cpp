#include "jepa/nn/autocast.h"

#include <ATen/autocast_mode.h>

namespace foresee {

AutocastGuard::AutocastGuard(Precision precision, at::DeviceType device)
    : device_(device),
      enabled_(at::autocast::is_autocast_enabled(device)),
      cached_(at::autocast::is_autocast_cache_enabled()),
      dtype_(at::autocast::get_autocast_dtype(device)) {
  at::autocast::set_autocast_enabled(device_, precision == Precision::kBFloat16);
  if (precision != Precision::kBFloat16) return;
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  at::autocast::set_autocast_cache_enabled(false);
}

AutocastGuard::~AutocastGuard() {
  at::autocast::set_autocast_enabled(device_, enabled_);
  at::autocast::set_autocast_dtype(device_, dtype_);
  at::autocast::set_autocast_cache_enabled(cached_);
}

Precision autocast_precision(at::DeviceType device) {
  return at::autocast::is_autocast_enabled(device) ? Precision::kBFloat16 : Precision::kFloat32;
}

}  // namespace foresee
