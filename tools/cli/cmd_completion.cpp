#include <CLI/CLI.hpp>
#include <cstdio>

#include "build_info.h"
#include "tools/cli/command.h"
#include "tools/package/shell/completion.h"
#include "tools/package/shell/man_page.h"

namespace foresee::tools {
namespace {

std::string text_for(const std::string& reader, const CommandInfo& program) {
  if (reader == "bash") return bash_completion(program);
  if (reader == "zsh") return zsh_completion(program);
  if (reader == "fish") return fish_completion(program);
  return man_page(program, kVersion);
}

}  // namespace

/// `foresee completion bash|zsh|fish|man`.
Run setup_completion(CLI::App& app, CommonOptions& common) {
  auto reader = std::make_shared<std::string>();
  app.add_option("SHELL", *reader, "Who reads it: bash, zsh, fish, or man for the manual page")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish", "man"}));
  return [&app, &common, reader] {
    const std::string text = text_for(*reader, command_tree(*app.get_parent()));
    if (common.json)
      print_json({{"for", *reader}, {"text", text}});
    else
      std::fwrite(text.data(), 1, text.size(), stdout);  // of our own words only
    return 0;
  };
}

}  // namespace foresee::tools
