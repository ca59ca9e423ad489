#include "foresee/settings/device.h"

#include <ATen/Context.h>

#include "jepa/core/error.h"

namespace foresee {

at::Device job_device(Device device) {
  const bool there = at::hasCUDA();
  if (device == Device::kCuda && !there) fail("expected a GPU that LibTorch can use, found none");
  return there && device != Device::kCpu ? at::kCUDA : at::kCPU;
}

}  // namespace foresee
