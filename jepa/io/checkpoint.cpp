#include "jepa/io/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "jepa/core/files/file.h"

namespace foresee {
namespace fs = std::filesystem;

fs::path checkpoint_folder(const fs::path& run, int64_t step) {
  return run / "checkpoints" / fmt::format("step-{}", step);
}

std::optional<int64_t> parse_checkpoint_name(std::string_view name) {
  constexpr std::string_view kPrefix = "step-";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  int64_t step = 0;
  const auto [end, code] = std::from_chars(name.begin(), name.end(), step);
  if (code != std::errc() || end != name.end() || step < 0) return std::nullopt;
  return step;
}

std::vector<int64_t> checkpoint_steps(const fs::path& run) {
  std::vector<int64_t> steps;
  std::error_code none;  // no checkpoints folder: no checkpoints
  for (const auto& entry : fs::directory_iterator(run / "checkpoints", none)) {
    const auto step = parse_checkpoint_name(entry.path().filename().string());
    if (step && entry.is_directory()) steps.push_back(*step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

std::optional<int64_t> latest_checkpoint_step(const fs::path& run) {
  const auto steps = checkpoint_steps(run);
  if (steps.empty()) return std::nullopt;
  if (fs::is_regular_file(run / "latest")) {
    std::string name = read_file(run / "latest");
    name.erase(name.find_last_not_of(" \t\r\n") + 1);
    const auto step = parse_checkpoint_name(name);
    if (step && std::binary_search(steps.begin(), steps.end(), *step)) return step;
  }
  return steps.back();
}

}  // namespace foresee
