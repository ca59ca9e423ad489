#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/report/html.h"

namespace foresee::report {

/// One headline number. A number says nothing without what it is to be compared with, so that is not optional.
struct Tile {
  std::string label, value;
  std::string compared;  // "random: 20 %", "0.12 at the start"
};

/// One HTML file that needs nothing else: styles and pictures lie in it, and a content policy forbids it to fetch
/// anything. It reads in light and dark, on a phone and on paper.
class Report {
 public:
  /// @param lead  one or two sentences under the title.
  Report(std::string title, std::string lead);

  /// A box under the lead: what the reader must know first (a run that was cut short, files that were left out).
  void add_notice(const std::string& text);
  /// @throws Error for a tile without what it is compared with.
  void add_tile(const Tile& tile);
  void add_section(const std::string& title, const std::vector<Html>& content);

  std::string html() const;
  /// Writes the file whole or not at all, making its folder. @throws Error.
  void write(const std::filesystem::path& path) const;

 private:
  std::string title_, lead_, notices_, tiles_, sections_;
};

}  // namespace foresee::report
