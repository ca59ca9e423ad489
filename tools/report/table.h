#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/report/html.h"

namespace foresee::report {

/// Cells of text under the names of their columns.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // as many cells as columns
};

enum class TableFormat { kCsv, kLatex, kMarkdown };
inline constexpr std::pair<TableFormat, std::string_view> kTableFormatNames[] = {
    {TableFormat::kCsv, "csv"}, {TableFormat::kLatex, "latex"}, {TableFormat::kMarkdown, "markdown"}};

/// The table as text: CSV (RFC 4180, lines end with a line feed), a LaTeX tabular (package booktabs), or Markdown with
/// pipes. What has a meaning in the form is escaped; a line feed inside a cell becomes a space but in CSV.
std::string table_text(const Table& table, TableFormat format);

/// The table as HTML.
Html draw(const Table& table);
/// The three text forms behind a fold, to be copied.
Html draw_to_copy(const Table& table);

}  // namespace foresee::report
