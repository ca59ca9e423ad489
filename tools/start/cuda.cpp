#include "tools/start/cuda.h"

#include <ATen/Context.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>

namespace foresee::tools {
namespace {

// Set by load_cuda() before anything else runs, read afterwards.
std::string load_problem = "the CUDA libraries were not looked for";

}  // namespace

void load_cuda() {
  if (::dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    load_problem = "no NVIDIA driver on this machine (libcuda.so.1 is missing)";
    return;
  }
  Dl_info info{};
  // Any function of libtorch_cpu tells where LibTorch lies.
  if (::dladdr(reinterpret_cast<const void*>(&at::globalContext), &info) == 0 || info.dli_fname == nullptr) {
    load_problem = "cannot tell where LibTorch lies";
    return;
  }
  const auto library = std::filesystem::path(info.dli_fname).parent_path() / "libtorch_cuda.so";
  if (::dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    const char* error = ::dlerror();
    load_problem = fmt::format(
        "there is a driver, but LibTorch's CUDA libraries do not load ({}); run 'bash tools/quickstart.sh --gpu'",
        error ? error : "unknown reason");
    return;
  }
  load_problem.clear();
}

CudaState cuda_state() {
  if (!load_problem.empty()) return {.reason = load_problem};
  const auto count = at::globalContext().hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0;
  if (count == 0) return {.reason = "the NVIDIA driver finds no GPU"};
  return {.available = true, .devices = fmt::format("{} GPU{}", count, count == 1 ? "" : "s")};
}

}  // namespace foresee::tools
