#pragma once

#include <vector>

#include "foresee/inspect.h"
#include "jepa/model/family/family.h"

namespace foresee {

/// inspect with a table of families of one's own.
InspectResult inspect(const InspectRequest& request, const JobControl& job, const std::vector<Family>& known);

/// Adds what the header of one weight file says. @throws CheckpointError.
void add_file(InspectResult& result, const std::filesystem::path& file);

}  // namespace foresee
