#pragma once

#include <c10/core/Device.h>

#include "foresee/settings.h"

namespace foresee {

/// Where a job computes, decided once at its top. @throws Error for kCuda where LibTorch finds no GPU.
at::Device job_device(Device device);

}  // namespace foresee
