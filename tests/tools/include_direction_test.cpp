// The house has one direction of includes (docs/explanation/architecture.md). This test reads every source and holds it
// against the table below; a new folder needs a row here before it builds.
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
    {"data/picture", {"jepa/core"}},
    {"data/video", {"jepa/core"}},
    {"data/clip", {"jepa/core", "data/picture", "data/video"}},
    {"data/episode", {"jepa/core", "jepa/io", "data/picture", "data/video"}},  // of jepa/io: pickles, mapped files
    {"planner", {"jepa/core"}},                                                // the searches
    {"planner/control", {"jepa/core", "jepa/model", "jepa/io", "planner", "data/picture"}},
    {"planner/env", {"jepa/core", "planner", "data/picture", "data/episode"}},
    {"planner/eval",
     {"jepa/core", "jepa/model", "jepa/io", "planner", "planner/control", "planner/env", "data/picture",
      "data/episode"}},
    {"foresee", {"jepa", "data", "planner"}},
    {"tools", {"jepa", "data", "planner", "foresee"}},
    {"tests", {"jepa", "data", "planner", "foresee", "tools"}},
};

// What breaks the table today: file, and what it includes. None may be added.
const std::set<std::pair<std::string, std::string>> kExceptions = {
    {"planner/env/search_policy.h", "planner/control/mpc.h"},  // to go: experts that search
};

// Heavy libraries and the only folders that may see them.
const std::map<std::string, std::vector<std::string>> kLibraries = {
    {R"(lib(avcodec|avformat|avutil|swscale|avfilter)/.*)", {"data/video"}},
    {R"(opencv2/.*)", {"data/picture", "foresee/view"}},
    {R"((hdf5|H5.*)\.h)", {"data/episode/hdf5", "tests/data/episode"}},
    {R"(blosc\.h)", {"data/episode/hdf5"}},
    {R"((zlib|zstd)\.h)", {"data/episode/hdf5", "data/episode/npz"}},
    {R"((Eigen|unsupported/Eigen)/.*)", {"jepa/model/vjepa2_ac", "jepa/train/probe"}},
    {R"(boost/math/.*)", {"jepa/core"}},
    {R"((arrow|parquet)/.*)", {"data/episode/lerobot"}},
};

// A person finds a file at a glance.
constexpr int kMostFiles = 25;

const char* const kTops[] = {"jepa", "data", "planner", "foresee", "tools", "tests"};

bool below(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

/// The row that governs a file: the longest key that it lies below.
const std::string* row_of(const std::string& path) {
  const std::string* best = nullptr;
  for (const auto& [folder, allowed] : kAllowed)
    if (below(path, folder) && (!best || folder.size() > best->size())) best = &folder;
  return best;
}

/// Jobs, tools and tests see whole trees; all others only the folders that they name.
bool sees_trees(const std::string& folder) { return folder == "foresee" || folder == "tools" || folder == "tests"; }

struct Include {
  std::string file, target;
};

std::vector<Include> includes() {
  static const std::regex pattern(R"re(^\s*#\s*include\s*["<]([^">]+)[">])re");
  std::vector<Include> found;
  for (const char* top : kTops)
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
  std::set<std::pair<std::string, std::string>> excepted;
  for (const auto& [file, target] : includes()) {
    if (!fs::exists(target)) continue;  // not ours: a library
    ++seen;
    const std::string* from = row_of(file);
    const std::string* to = row_of(target);
    ASSERT_NE(from, nullptr) << file << " lies in a folder without a row";
    ASSERT_NE(to, nullptr) << target << " lies in a folder without a row";
    const auto& folders = kAllowed.at(*from);
    const bool allowed = *from == *to || std::any_of(folders.begin(), folders.end(), [&](const auto& folder) {
      return folder == *to || (sees_trees(*from) && below(*to, folder));
    });
    if (!allowed && kExceptions.contains({file, target})) {
      excepted.emplace(file, target);
      continue;
    }
    EXPECT_TRUE(allowed) << file << " must not include " << target << " (" << *from << " may not see " << *to << ")";
  }
  EXPECT_EQ(excepted, kExceptions) << "an exception that is not needed any more has to go";
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
    for (const char* library : {"libav", "opencv2/", "Eigen/", "unsupported/Eigen/", "boost/"})
      EXPECT_FALSE(target.starts_with(library)) << file << " includes " << target;
  }
}

TEST(SourceFolders, HoldFewFiles) {
  static const std::set<std::string> kinds = {".cpp", ".h", ".py", ".sh", ".txt"};
  std::map<std::string, int> count;
  for (const char* top : kTops)
    for (const auto& entry : fs::recursive_directory_iterator(top))
      if (kinds.contains(entry.path().extension())) ++count[entry.path().parent_path().generic_string()];
  EXPECT_GT(count["jepa/core"], 10) << "run from the root of the source tree";
  for (const auto& [folder, files] : count)
    EXPECT_LE(files, kMostFiles) << folder << ": find the rooms in it (docs/explanation/architecture.md)";
}

}  // namespace
