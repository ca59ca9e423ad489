// What the documents at the root of the tree claim of the program is true: the version is the one that the build has,
// and each promise about hostile files has its test.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>
#include <string>

#include "build_info.h"
#include "jepa/core/files/file.h"

namespace {

namespace fs = std::filesystem;
using foresee::kVersion, foresee::read_file;

/// The first group of the first match; empty where there is none.
std::string first_match(const std::string& text, const std::string& pattern) {
  std::smatch found;
  return std::regex_search(text, found, std::regex(pattern, std::regex::multiline)) ? found[1].str() : "";
}

/// "Suite.Name" of every test in the tree.
std::set<std::string> all_tests() {
  const std::regex definition(R"(^TEST(?:_F|_P)?\((\w+),\s*(\w+)\))", std::regex::multiline);
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator("tests")) {
    if (entry.path().extension() != ".cpp") continue;
    const std::string text = read_file(entry.path());
    for (std::sregex_iterator found(text.begin(), text.end(), definition), end; found != end; ++found)
      names.insert((*found)[1].str() + "." + (*found)[2].str());
  }
  return names;
}

TEST(Documents, TheNewestVersionOfTheChangeLogIsTheBuilds) {
  EXPECT_EQ(first_match(read_file("CHANGELOG.md"), R"(^## \[([^\]]+)\])"), kVersion);
}

TEST(Documents, TheCitationNamesTheVersionOfTheBuild) {
  EXPECT_EQ(first_match(read_file("CITATION.cff"), R"(^version: (\S+)$)"), kVersion);
}

TEST(Documents, EveryPromiseOfTheSecurityPageNamesATestThatExists) {
  const std::set<std::string> tests = all_tests();
  const std::string page = read_file("SECURITY.md");
  const std::regex row(R"(^\| [^|]+ \| `(\w+\.\w+)` \|$)", std::regex::multiline);
  int promises = 0;
  for (std::sregex_iterator found(page.begin(), page.end(), row), end; found != end; ++found, ++promises)
    EXPECT_TRUE(tests.contains((*found)[1].str())) << (*found)[0].str();
  EXPECT_GT(promises, 40) << "rows have another form, or promises were dropped";
}

}  // namespace
