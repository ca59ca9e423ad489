#include "jepa/io/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"

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

std::optional<int64_t> sound_checkpoint_step(const fs::path& run, ManifestScope scope, const std::string& run_name) {
  const auto latest = latest_checkpoint_step(run);
  if (!latest) return std::nullopt;
  auto steps = checkpoint_steps(run);
  std::erase_if(steps, [&](int64_t step) { return step > *latest; });
  std::string last_damage;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const auto damage = manifest_damage(checkpoint_folder(run, *step), scope, CheckpointOrigin{*step, run_name});
    if (!damage) return *step;
    last_damage = fmt::format("{} is damaged: {}", checkpoint_folder(run, *step).string(), *damage);
    if (step + 1 != steps.rend()) log_warning("{}; going back to the checkpoint before it", last_damage);
  }
  fail<CheckpointError>("{}; there is no sound checkpoint before it (put a copy of it back, or begin another run)",
                        last_damage);
}

}  // namespace foresee
