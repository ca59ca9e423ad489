#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/report/html.h"

namespace foresee::report {

/// Names and values, in the order they are shown.
using Facts = std::vector<std::pair<std::string, std::string>>;

/// What another person needs to do the same: the command, the seed, version, machine, threads and date; then `more`.
Facts reproduction_facts(std::optional<uint64_t> seed, const Facts& more = {});

/// A two-column table; the value of "command" is set as code.
Html draw(const Facts& facts);

}  // namespace foresee::report
