// libforesee.so as a program meets it that links it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <regex>
#include <string>
#include <vector>

#include "tests/tools/cli/program.h"

namespace foresee::tests {
namespace {

std::vector<std::string> exported_names() {
  const std::string command =
      "nm -DC --defined-only '" + (program_path().parent_path() / "libforesee.so").string() + "'";
  std::vector<std::string> names;
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return names;
  for (char line[4096]; std::fgets(line, sizeof line, pipe) != nullptr;) {
    const std::string text = line;
    names.push_back(text.substr(19, text.size() - 20));  // after address and kind, without the end of the line
  }
  ::pclose(pipe);
  return names;
}

TEST(SharedLibrary, ShowsThePublicNamesAndNothingElse) {
  const std::regex open(
      "((vtable|typeinfo|typeinfo name) for )?foresee::"
      "([A-Za-z]*Error\\b|OutputExists\\b|JobObserver\\b|Controller\\b|Model\\b|"
      "(check_episodes|collect|convert|encode|evaluate|export_formats|export_model|inspect|"
      "make_scenes|plan_once|pretrain|read_window|replay|set_log_sink|train|version)(\\[abi:cxx11\\])?\\().*");
  const auto names = exported_names();
  EXPECT_GE(names.size(), 2u);
  for (const auto& name : names) EXPECT_TRUE(std::regex_match(name, open)) << name;
  EXPECT_NE(std::find(names.begin(), names.end(), "foresee::version()"), names.end());
}

}  // namespace
}  // namespace foresee::tests
