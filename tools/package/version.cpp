#include "foresee/version.h"

namespace foresee {

const char* version() { return FORESEE_VERSION; }

}  // namespace foresee
