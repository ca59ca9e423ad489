#include "jepa/core/metrics.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/text/json_text.h"

namespace foresee {

double metric(const Metrics& metrics, const std::string& name) {
  for (const auto& [key, value] : metrics)
    if (key == name) return value;
  return std::numeric_limits<double>::quiet_NaN();
}

MetricsWriter::MetricsWriter(std::filesystem::path path, int64_t resume_step) : path_(std::move(path)) {
  if (!std::filesystem::exists(path_)) return;
  std::istringstream lines(read_file(path_));
  std::string kept, line;
  while (std::getline(lines, line)) {
    const auto row = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (row.is_discarded() || !row.contains("step")) break;  // the torn last line of a killed run
    if (row["step"].get<int64_t>() > resume_step) break;
    kept += line + "\n";
  }
  write_file(path_, kept);
}

void MetricsWriter::write(int64_t step, const Metrics& metrics) {
  nlohmann::ordered_json row{{"step", step}};
  for (const auto& [name, value] : metrics) row[name] = std::isfinite(value) ? nlohmann::ordered_json(value) : nullptr;
  std::ofstream out(path_, std::ios::app);
  out << json_text(row) << "\n" << std::flush;
  if (!out) fail_errno(path_, "write");
}

void MetricsWriter::sync() const {
  if (std::filesystem::exists(path_)) sync_to_disk(path_);
}

std::vector<std::pair<int64_t, Metrics>> read_metrics(const std::filesystem::path& path) {
  std::vector<std::pair<int64_t, Metrics>> rows;
  std::istringstream lines(read_file(path));
  std::string line;
  while (std::getline(lines, line)) {
    const auto row = nlohmann::ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (row.is_discarded() || !row.contains("step")) break;
    Metrics metrics;
    for (const auto& [name, value] : row.items())
      if (name != "step")
        metrics.emplace_back(name, value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN());
    rows.emplace_back(row["step"].get<int64_t>(), std::move(metrics));
  }
  return rows;
}

}  // namespace foresee
