#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace foresee::data {

/// Why the bytes of an encoded picture are not all of it, or not what is read: "is cut off: its end is missing".
/// Decoders fill what is missing with grey or black. Nothing where nothing is wrong as far as its structure says.
std::optional<std::string> why_not_whole(std::string_view bytes);

}  // namespace foresee::data
