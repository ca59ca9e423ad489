#pragma once

#include <vector>

#include "foresee/model.h"
#include "jepa/model/family/family.h"

namespace foresee {

/// Opens a Model with a table of families of one's own.
struct ModelAccess {
  static Model open(const Model::Options& options, const std::vector<Family>& known);
};

}  // namespace foresee
