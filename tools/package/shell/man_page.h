#pragma once

#include <string>

#include "tools/package/shell/command_tree.h"

namespace foresee::tools {

/// The manual page foresee(1), in the language of man. @param version  "0.2.0".
std::string man_page(const CommandInfo& program, const std::string& version);

}  // namespace foresee::tools
