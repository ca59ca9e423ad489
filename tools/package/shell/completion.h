#pragma once

#include <string>

#include "tools/package/shell/command_tree.h"

namespace foresee::tools {

// Note [Shell completion]
// A script is made once, at installation, and holds all words. To ask the program at each press of a key would load
// LibTorch each time.

/// A completion script: commands, then flags, then the values of flags that have a list, else files.
std::string bash_completion(const CommandInfo& program);
std::string zsh_completion(const CommandInfo& program);
std::string fish_completion(const CommandInfo& program);

}  // namespace foresee::tools
