#pragma once

#include <CLI/CLI.hpp>
#include <initializer_list>
#include <string>

#include "jepa/core/error.h"

namespace foresee::tools {

/// Refuses options of `app` that were given although what is asked for does not use them. @throws Error "--codec is not
/// used: REASON; leave it out".
inline void refuse_given(const CLI::App& app, std::initializer_list<const char*> options, const std::string& reason) {
  for (const char* option : options)
    if (app.count(option) > 0) fail("{} is not used: {}; leave it out", option, reason);
}

}  // namespace foresee::tools
