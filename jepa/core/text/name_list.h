#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace foresee {

/// "a, b, c and 97 more": a list of names for a message, which stays short however many there are.
/// @param most  names that are shown; each is cut to 200 bytes and escaped (Note [Text from outside]).
std::string name_list(std::span<const std::string> names, size_t most = 10, const char* separator = ", ");

}  // namespace foresee
