#pragma once

#include <vector>

#include "foresee/inspect.h"
#include "jepa/model/family/family.h"

namespace foresee {

/// inspect with a table of families of one's own.
InspectResult inspect(const InspectRequest& request, const JobControl& job, const std::vector<Family>& known);

/// Adds what one weight file holds. @throws CheckpointError.
void add_file(InspectResult& result, const std::filesystem::path& file);

/// How a family opens a path: which options have to be given. Never throws.
Opening opening_of(const Family& family, const std::filesystem::path& path);

}  // namespace foresee
