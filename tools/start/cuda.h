#pragma once

#include <string>

namespace foresee::tools {

/// Whether there is a GPU to use, and if not, why.
struct CudaState {
  bool available = false;
  std::string reason;   // empty when available: "no NVIDIA driver (libcuda.so.1)"
  std::string devices;  // "NVIDIA H100 (79 GiB)"
};

/// Loads LibTorch's CUDA libraries where there is a driver. Must be the first thing that the program does: once
/// LibTorch has looked for CUDA and found none, it never looks again. The program itself links only the CPU libraries.
void load_cuda();

/// What load_cuda() found.
CudaState cuda_state();

}  // namespace foresee::tools
