#include "jepa/core/text/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace foresee {
namespace {

/// Length of the UTF-8 character at the begin of `text` and its code point; length 0 where the bytes are none: cut
/// short, longer than needed, a surrogate, beyond U+10FFFF (Unicode 15, table 3-7).
struct Character {
  size_t length = 0;
  uint32_t code = 0;
};

Character first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  uint32_t code = lead & (0xffU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3fU);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[length] || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff) return {};
  return {length, code};
}

/// Characters that move the cursor, end the line or turn the writing direction.
bool controls_terminal(uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200e && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

std::string escaped(std::string_view bytes, uint32_t) {
  if (bytes == "\n") return "\\n";
  if (bytes == "\t") return "\\t";
  std::string out;
  for (const char byte : bytes) out += fmt::format("\\x{:02x}", static_cast<uint8_t>(byte));
  return out;
}

/// `text` with the characters that `replaced` names, and all that is no UTF-8, as `escape` writes them.
template <class Replaced, class Escape>
std::string with_escapes(std::string_view text, const Replaced& replaced, const Escape& escape) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = first_character(text);
    const std::string_view bytes = text.substr(0, character.length == 0 ? 1 : character.length);
    if (character.length == 0 || replaced(character.code))
      out += escape(bytes, character.code);
    else
      out += bytes;
    text.remove_prefix(bytes.size());
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text, size_t limit) {
  // Cut before the escapes are made: 1 GB of name never becomes 4 GB of text.
  const size_t longest = limit / 2;
  if (text.size() > limit)
    return fmt::format("{} [... {} bytes ...] {}", printable(text.substr(0, longest), limit), text.size() - 2 * longest,
                       printable(text.substr(text.size() - longest), limit));
  return with_escapes(text, controls_terminal, escaped);
}

std::string valid_utf8(std::string_view text) {
  return with_escapes(
      text, [](uint32_t) { return false; }, escaped);
}

std::string json_without_controls(std::string json) {
  const auto plain = [](char c) { return static_cast<uint8_t>(c) < 0x7f; };
  if (std::all_of(json.begin(), json.end(), plain)) return json;
  // Only in strings: what lies around them is ASCII. Line ends of the layout stay.
  return with_escapes(
      json, [](uint32_t code) { return code >= 0x7f && controls_terminal(code); },
      [](std::string_view bytes, uint32_t code) {
        return code == 0 ? std::string(bytes) : fmt::format("\\u{:04x}", code);
      });
}

}  // namespace foresee
