#pragma once

#include <span>
#include <string>
#include <string_view>

namespace foresee::report {

/// Finished markup. Only the functions of this folder make it, and every text that goes in is escaped.
struct Html {
  std::string markup;
};

/// Text as it may stand in an element or a quoted attribute: & < > " ' are escaped, control characters but line feed
/// are dropped, bytes that are not UTF-8 become U+FFFD.
std::string escape(std::string_view text);

/// A paragraph of plain text. @param css_class  "" or "note": small print.
Html paragraph(std::string_view text, std::string_view css_class = "");

/// A PNG as an address that holds the picture itself. @param png  bytes of the file.
std::string data_url(std::span<const unsigned char> png);

/// A number for people: four significant digits, no exponent between 1e-4 and 1e6; "-" when it is not finite.
std::string number_text(double value);
/// 0.8512 -> "85 %"; below 1 % and above 99 %, but for 0 and 1, one digit more.
std::string percent_text(double share);

}  // namespace foresee::report
