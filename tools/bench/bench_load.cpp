#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "jepa/core/error.h"
#include "jepa/io/model_folder.h"
#include "jepa/model/family/family.h"
#include "tools/bench/bench.h"

namespace foresee::tools {
namespace {

namespace fs = std::filesystem;

int64_t resident_bytes() {
  int64_t all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

/// The highest that resident memory has been, mapped files included.
int64_t peak_resident_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return int64_t{1024} * usage.ru_maxrss;
}

/// Size of the files that weights are read from: not the optimizer, nor the moving average of a checkpoint.
int64_t file_bytes(const fs::path& model) {
  if (!fs::is_directory(model)) return static_cast<int64_t>(fs::file_size(model));
  int64_t bytes = 0;
  for (const auto& file : weight_files(resolve_model_folder(model)))
    for (const char* beginning : {"model", "predictor", "probe", "weights"})
      if (file.filename().string().starts_with(beginning)) bytes += static_cast<int64_t>(fs::file_size(file));
  return bytes;
}

/// Reads every number, so that no page is left on the disk. @returns bytes.
int64_t touch(const torch::nn::Module& module) {
  int64_t bytes = 0;
  for (const Tensor& parameter : module.parameters()) {
    if (!parameter.sum().defined()) fail<InternalError>("no sum");
    bytes += static_cast<int64_t>(parameter.nbytes());
  }
  return bytes;
}

int64_t load_all(const fs::path& model, const ReadOptions& options) {
  const torch::NoGradGuard no_grad;
  int64_t bytes = 0;
  for (const auto& module : family_of(model).networks({.path = model, .read = options})) bytes += touch(*module);
  return bytes;
}

}  // namespace

nlohmann::ordered_json bench_load(const fs::path& model, const ReadOptions& options) {
  const int64_t base = resident_bytes();
  const auto begin = std::chrono::steady_clock::now();
  const int64_t weight_bytes = load_all(model, options);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const int64_t file = file_bytes(model), peak = peak_resident_bytes();
  return {{"model", model.string()},
          {"seconds", seconds},
          {"file_bytes", file},
          {"weight_bytes", weight_bytes},
          {"base_rss_bytes", base},
          {"peak_rss_bytes", peak},
          {"ratio", static_cast<double>(peak) / static_cast<double>(file)}};
}

}  // namespace foresee::tools
