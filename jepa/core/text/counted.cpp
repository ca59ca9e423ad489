#include "jepa/core/text/counted.h"

#include <fmt/format.h>

namespace foresee {

std::string counted(int64_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

}  // namespace foresee
