#pragma once

#include "jepa/model/family/family.h"

namespace foresee {

// The rows of families(), a file each.

Family lewm_family();
Family vjepa2_family();
Family vjepa2_ac_family();

}  // namespace foresee
