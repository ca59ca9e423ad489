#pragma once

#include <string>

namespace foresee {

/// "1:05:09", "4:20", "12 s", or "0.04 s" below a second.
std::string duration_text(double seconds);

}  // namespace foresee
