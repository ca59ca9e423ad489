// The house has one direction of includes (docs/architecture.md). This test reads every source and holds it against the
// table below; a new folder needs a row here before it builds.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

// Folder -> what its files may include, besides files of the folder itself. Longest folder wins.
const std::map<std::string, std::vector<std::string>> kAllowed = {
    {"jepa/core", {}},
    {"jepa/nn", {"jepa/core"}},
    {"jepa/loss", {"jepa/core"}},
    {"jepa/io", {"jepa/core"}},
    {"jepa/model", {"jepa/core", "jepa/nn", "jepa/loss", "jepa/io"}},
    {"jepa/train", {"jepa/core", "jepa/nn", "jepa/loss", "jepa/io", "jepa/model"}},
    {"data", {"jepa/core", "data/video", "data/image"}},
    {"data/image", {"jepa/core"}},
    {"data/video", {"jepa/core"}},
    {"data/episode", {"jepa/core", "jepa/io", "data/image", "data/video"}},  // of jepa/io: pickles, mapped files
    {"planner", {"jepa/core"}},
    {"planner/model_cost", {"jepa/core", "jepa/model", "jepa/io", "planner"}},
    {"planner/env", {"jepa/core", "planner", "data/image", "data/episode"}},
    {"planner/eval",
     {"jepa/core", "jepa/model", "jepa/io", "planner", "planner/model_cost", "planner/env", "data/image",
      "data/episode"}},
    {"tools", {"jepa", "data", "planner"}},
    {"tests", {"jepa", "data", "planner", "tools"}},
};

// Heavy libraries and the only folders that may see them.
const std::map<std::string, std::vector<std::string>> kLibraries = {
    {R"(lib(avcodec|avformat|avutil|swscale|avfilter)/.*)", {"data/video", "tests/data"}},
    {R"(opencv2/.*)", {"data/image", "data/video", "planner/env", "planner/eval", "tools", "tests"}},
    {R"((hdf5|H5.*)\.h)", {"data/episode", "tests/data"}},
    {R"((blosc|zlib)\.h|(arrow|parquet)/.*)", {"data/episode", "tests/data"}},
};

bool below(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/") || path.starts_with(folder + ".");
}

/// The row that governs a file: the longest key it lies below ("planner/model_cost" names a file pair).
const std::string* row_of(const std::string& path) {
  const std::string* best = nullptr;
  for (const auto& [folder, allowed] : kAllowed)
    if (below(path, folder) && (!best || folder.size() > best->size())) best = &folder;
  return best;
}

/// Tools and tests see whole trees; all others only the folders that they name.
bool sees_everything(const std::string& folder) { return folder == "tools" || folder == "tests"; }

struct Include {
  std::string file, target;
};

std::vector<Include> includes() {
  static const std::regex pattern(R"re(^\s*#\s*include\s*["<]([^">]+)[">])re");
  std::vector<Include> found;
  for (const char* top : {"jepa", "data", "planner", "tools", "tests"})
    for (const auto& entry : fs::recursive_directory_iterator(top)) {
      const auto extension = entry.path().extension();
      if (extension != ".h" && extension != ".cpp") continue;
      std::ifstream in(entry.path());
      std::string line;
      std::smatch match;
      while (std::getline(in, line))
        if (std::regex_search(line, match, pattern)) found.push_back({entry.path().generic_string(), match[1]});
    }
  return found;
}

TEST(IncludeDirection, EveryIncludeOfTheProjectFollowsTheTable) {
  size_t seen = 0;
  for (const auto& [file, target] : includes()) {
    if (!fs::exists(target)) continue;  // not ours: a library
    ++seen;
    const std::string* from = row_of(file);
    const std::string* to = row_of(target);
    ASSERT_NE(from, nullptr) << file << " lies in a folder without a row";
    ASSERT_NE(to, nullptr) << target << " lies in a folder without a row";
    const auto& folders = kAllowed.at(*from);
    const bool allowed = *from == *to || std::any_of(folders.begin(), folders.end(), [&](const auto& folder) {
      return folder == *to || (sees_everything(*from) && below(*to, folder));
    });
    EXPECT_TRUE(allowed) << file << " must not include " << target << " (" << *from << " may not see " << *to << ")";
  }
  EXPECT_GT(seen, 50u) << "run from the root of the source tree";
}

TEST(IncludeDirection, HeavyLibrariesStayInTheirRooms) {
  for (const auto& [file, target] : includes())
    for (const auto& [pattern, folders] : kLibraries) {
      if (!std::regex_match(target, std::regex(pattern))) continue;
      const bool allowed =
          std::any_of(folders.begin(), folders.end(), [&](const auto& folder) { return below(file, folder); });
      EXPECT_TRUE(allowed) << file << " must not include <" << target << ">";
    }
}

TEST(IncludeDirection, FilesStayLight) {
  for (const auto& [file, target] : includes()) {
    EXPECT_NE(target, "torch/torch.h") << file << ": include jepa/core/torch.h, or the part of torch that is used";
    // The precompiled header, and the wrapper that only the .cpp files of data/video include.
    if (!file.ends_with(".h") || file.starts_with("tools/cmake") || file == "data/video/ffmpeg.h") continue;
    EXPECT_NE(target, "jepa/core/torch.h") << file << ": include torch/types.h or torch/nn/module.h";
    EXPECT_FALSE(target.starts_with("libav") || target.starts_with("opencv2/")) << file << " includes " << target;
  }
}

}  // namespace
