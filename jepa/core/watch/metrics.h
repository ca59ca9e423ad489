#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace foresee {

/// Named numbers in the order they are shown.
using Metrics = std::vector<std::pair<std::string, double>>;

/// The value of a metric, or NaN.
double metric(const Metrics& metrics, const std::string& name);

/// Appends rows {"step": N, "NAME": VALUE, ...} to a JSONL file.
class MetricsWriter {
 public:
  /// Keeps the rows of an existing file up to and including `resume_step` and drops later ones: a run that was killed
  /// after its last checkpoint repeats those steps. @throws Error.
  MetricsWriter(std::filesystem::path path, int64_t resume_step);

  /// One row, seen by readers when this returns. Numbers that are not finite are written as null.
  void write(int64_t step, const Metrics& metrics);

  /// Flushes the rows to the disk: what a checkpoint stands on survives the machine's end too. @throws Error.
  void sync() const;

 private:
  std::filesystem::path path_;
};

/// The rows of such a file. @throws Error.
std::vector<std::pair<int64_t, Metrics>> read_metrics(const std::filesystem::path& path);

}  // namespace foresee
