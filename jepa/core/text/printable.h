#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace foresee {

// Note [Text from outside]
// Names of files, of tensors, metadata and what a child process says are bytes that somebody else chose. Before they
// reach a terminal, printable() makes them one line of bounded length without control codes; before they reach a JSON
// file, valid_utf8() makes them text. Both show a byte that they replace as "\xNN", so that it can be told.

/// Whole messages and lines are cut to this many bytes.
inline constexpr size_t kLongestLine = 2000;

/// One line for a terminal: control characters (C0, C1, DEL, line and direction marks of Unicode) and bytes that are
/// not UTF-8 become "\n", "\t" or "\xNN"; what is longer than `limit` bytes is cut in the middle, which is said.
std::string printable(std::string_view text, size_t limit = kLongestLine);

/// JSON text with the control characters that JSON does not escape (DEL, C1, line and direction marks of Unicode) as
/// "\uNNNN": the same JSON, which a terminal does not obey.
std::string json_without_controls(std::string json);

/// Text as it is, where it is UTF-8; else with every byte that is not as "\xNN".
std::string valid_utf8(std::string_view text);

}  // namespace foresee
