#pragma once

#include <vector>

#include "foresee/export_model.h"
#include "jepa/model/family/family.h"

namespace foresee {

/// export_model with a table of families of one's own.
ExportResult export_model(const ExportRequest& request, const JobControl& job, const std::vector<Family>& known);

}  // namespace foresee
