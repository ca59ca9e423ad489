#include "foresee/train/labelled_clips.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <sstream>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"

namespace foresee {
namespace {

std::optional<int64_t> class_number(const std::string& label) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), value);
  if (error != std::errc() || end != label.data() + label.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

LabelledClips read_labelled_clips(const std::filesystem::path& list) {
  std::stringstream lines(read_file(list));
  std::vector<std::string> labels;
  LabelledClips out;
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const size_t last = line.find_last_not_of(" \t\r");
    if (last == std::string::npos) continue;
    line.resize(last + 1);
    const size_t gap = line.find_last_of(" ,\t");
    const size_t end = gap == std::string::npos ? std::string::npos : line.find_last_not_of(" ,\t", gap);
    if (end == std::string::npos)
      fail<DataError>("{}: line {}: expected 'PATH LABEL', got '{}'", list.string(), number, line);
    const std::filesystem::path path = line.substr(0, end + 1);
    out.paths.push_back(path.is_absolute() ? path : list.parent_path() / path);
    labels.push_back(line.substr(gap + 1));
  }
  if (labels.empty()) fail<DataError>("{}: no clips: expected 'PATH LABEL' a line", list.string());
  if (std::all_of(labels.begin(), labels.end(), [](const auto& label) { return class_number(label).has_value(); })) {
    constexpr int64_t kMostClasses = 100000;
    int64_t most = 0;
    for (const auto& label : labels) {
      out.classes.push_back(*class_number(label));
      most = std::max(most, out.classes.back());
    }
    if (most >= kMostClasses) fail<DataError>("{}: class {} is beyond {}", list.string(), most, kMostClasses - 1);
    for (int64_t i = 0; i <= most; ++i) out.labels.push_back(std::to_string(i));
    return out;
  }
  const std::set<std::string> names(labels.begin(), labels.end());
  out.labels.assign(names.begin(), names.end());
  for (const auto& label : labels) out.classes.push_back(std::distance(names.begin(), names.find(label)));
  return out;
}

}  // namespace foresee
