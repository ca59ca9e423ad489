#include "jepa/core/watch/metrics.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/json.h"
#include "jepa/core/text/json_text.h"

namespace foresee {

double metric(const Metrics& metrics, const std::string& name) {
  for (const auto& [key, value] : metrics)
    if (key == name) return value;
  return std::numeric_limits<double>::quiet_NaN();
}

namespace {

struct MetricsLine {
  std::string text;
  int64_t step;
  nlohmann::ordered_json row;
};

/// The rows of a file. A last line that is cut off is the work of a kill and left out.
/// @throws DataError on any other line that is no row.
std::vector<MetricsLine> read_lines(const std::filesystem::path& path) {
  std::istringstream in(read_file(path));
  std::vector<MetricsLine> lines;
  for (std::string text; std::getline(in, text);) {
    const std::string where = fmt::format("{}: line {}", path.string(), lines.size() + 1);
    auto row = try_parse_ordered_json(text, where);
    if (!row && in.peek() == std::istringstream::traits_type::eof()) break;
    if (!row) fail<DataError>("{}: not valid JSON; remove this line", where);
    const int64_t step = JsonView(*row, where).integer("step");
    lines.push_back({std::move(text), step, std::move(*row)});
  }
  return lines;
}

}  // namespace

MetricsWriter::MetricsWriter(std::filesystem::path path, int64_t resume_step) : path_(std::move(path)) {
  if (!std::filesystem::exists(path_)) return;
  std::string kept;
  for (const auto& line : read_lines(path_)) {
    if (line.step > resume_step) break;
    kept += line.text + "\n";
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
  for (const auto& line : read_lines(path)) {
    Metrics metrics;
    for (const auto& [name, value] : line.row.items())
      if (name != "step")
        metrics.emplace_back(name, value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN());
    rows.emplace_back(line.step, std::move(metrics));
  }
  return rows;
}

}  // namespace foresee
