#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace foresee::tools {

/// An option of a command, for people and shells.
struct OptionInfo {
  std::string flag{};                  // "--out"; of a positional its name: "PATH"
  std::string value{};                 // "PATH"; empty: a flag without a value
  std::string meaning{};               // one sentence, without the default
  std::string usual{};                 // its default, as text; empty: none is shown
  std::vector<std::string> choices{};  // all values there are; empty: any
  bool positional = false;
};

/// A command, as --help shows it.
struct CommandInfo {
  std::string name{}, summary{}, footer{};
  std::vector<OptionInfo> options{};    // without those that the command refuses
  std::vector<CommandInfo> commands{};  // of a group: "data probe", ...
};

/// The commands of the program from the tree that reads the command line: the one source of help, shell completion and
/// manual page.
CommandInfo command_tree(const CLI::App& app);

}  // namespace foresee::tools
