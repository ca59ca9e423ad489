#pragma once

#include "tools/cli/command.h"

namespace foresee::tools {

/// `foresee completion bash|zsh|fish|man`.
Run setup_completion(CLI::App& app, CommonOptions& common);

}  // namespace foresee::tools
