#pragma once

#include <string>

namespace foresee {

/// "1:05:09", "4:20" or "12 s".
std::string duration_text(double seconds);

}  // namespace foresee
