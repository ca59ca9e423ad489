#include "tools/report/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "jepa/core/names.h"

namespace foresee::report {
namespace {

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string latex_cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\textbackslash{}";
    else if (c == '~')
      out += "\\textasciitilde{}";
    else if (c == '^')
      out += "\\textasciicircum{}";
    else if (std::string_view("&%$#_{}").find(c) != std::string_view::npos)
      out += {'\\', c};
    else
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

std::string markdown_cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\|`*_<>[]").find(c) != std::string_view::npos) out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

template <class Cell>
std::string joined(const std::vector<std::string>& cells, const char* between, Cell cell) {
  std::string out;
  for (size_t i = 0; i < cells.size(); ++i) out += (i > 0 ? between : "") + cell(cells[i]);
  return out;
}

std::string csv(const Table& table) {
  std::string out = joined(table.columns, ",", csv_cell) + "\n";
  for (const auto& row : table.rows) out += joined(row, ",", csv_cell) + "\n";
  return out;
}

std::string latex(const Table& table) {
  const auto line = [](const auto& cells) { return joined(cells, " & ", latex_cell) + " \\\\\n"; };
  std::string out = fmt::format("\\begin{{tabular}}{{l{}}}\n\\toprule\n",
                                std::string(std::max<size_t>(table.columns.size(), 1) - 1, 'r'));
  out += line(table.columns) + "\\midrule\n";
  for (const auto& row : table.rows) out += line(row);
  return out + "\\bottomrule\n\\end{tabular}\n";
}

std::string markdown(const Table& table) {
  const auto line = [](const auto& cells) { return "| " + joined(cells, " | ", markdown_cell) + " |\n"; };
  std::string out = line(table.columns) + "|";
  for (size_t i = 0; i < table.columns.size(); ++i) out += i == 0 ? "---|" : "---:|";
  out += "\n";
  for (const auto& row : table.rows) out += line(row);
  return out;
}

}  // namespace

std::string table_text(const Table& table, TableFormat format) {
  switch (format) {
    case TableFormat::kCsv:
      return csv(table);
    case TableFormat::kLatex:
      return latex(table);
    case TableFormat::kMarkdown:
      return markdown(table);
  }
  return "";
}

Html draw(const Table& table) {
  std::string out = "<div class=\"scroll\"><table class=\"plain\"><thead><tr>";
  for (const auto& name : table.columns) out += fmt::format("<th scope=\"col\">{}</th>", escape(name));
  out += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (size_t i = 0; i < row.size(); ++i)
      out += i == 0 ? fmt::format("<th scope=\"row\">{}</th>", escape(row[i]))
                    : fmt::format("<td>{}</td>", escape(row[i]));
    out += "</tr>\n";
  }
  return {out + "</tbody></table></div>\n"};
}

Html draw_to_copy(const Table& table) {
  std::string out = "<details><summary>The table to copy: Markdown, CSV, LaTeX</summary>\n";
  for (const auto format : {TableFormat::kMarkdown, TableFormat::kCsv, TableFormat::kLatex})
    out += fmt::format("<pre><code>{}</code></pre>\n", escape(table_text(table, format)));
  return {out + "</details>\n"};
}

}  // namespace foresee::report
