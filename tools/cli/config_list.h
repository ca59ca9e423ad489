#pragma once

#include <functional>
#include <string>
#include <vector>

#include "jepa/core/config.h"

namespace foresee::tools {

/// One config that a command takes: where `--config` and `--set` of that command reach.
struct ConfigSection {
  std::string name;
  std::string summary;
  std::function<void(Fields&)> describe;  // of a config with its defaults
};

/// Every config of the program, for `foresee config`.
const std::vector<ConfigSection>& config_sections();

}  // namespace foresee::tools
