#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace foresee {

/// "1 frame", "2 frames": a number and what is counted. @param one  the word for one of them; the others end in "s".
std::string counted(int64_t count, std::string_view one);

}  // namespace foresee
