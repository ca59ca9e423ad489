#include <CLI/CLI.hpp>
#include <sstream>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "tools/cli/command.h"
#include "tools/cli/options/enum_option.h"
#include "tools/report/folder_report.h"
#include "tools/report/results/card.h"
#include "tools/report/results/comparison.h"
#include "tools/report/results/results.h"
#include "tools/start/streams.h"

namespace foresee::tools {
namespace {

struct ReportOptions {
  std::vector<std::filesystem::path> folders;
  bool compare = false, card = false;
  std::optional<report::TableFormat> table;
};

/// Writes what `write` makes to the place that --out names.
template <class Write>
void write_output(const CommonOptions& common, const ReportOptions& options, FileFormat format, Write write) {
  Output place = Output::file(*common.out, format, output_rules(common, options.folders));
  write(place.staged());
  place.commit();
  log_info("report: {}", common.out->string());
}

std::filesystem::path write_report(const std::filesystem::path& folder, const ReportOptions& options,
                                   const CommonOptions& common) {
  const auto report = report::folder_report(folder);
  const auto file = common.out.value_or(folder / "report.html");
  if (common.out) {
    write_output(common, options, FileFormat::kHtml, [&](const auto& staged) { report.write(staged); });
  } else {
    const auto type = std::filesystem::symlink_status(file).type();
    if (type != std::filesystem::file_type::not_found && type != std::filesystem::file_type::regular)
      fail("{}: is no regular file; choose another place with --out", file.string());
    report.write(file);
    add_to_output_marker(folder, "report.html");
    log_info("report: {}", file.string());
  }
  return file;
}

int compare(const ReportOptions& options, const CommonOptions& common) {
  if (options.folders.size() != 2) fail("--compare takes two evaluations, got {}", options.folders.size());
  const auto found = report::compare_results(options.folders[0], options.folders[1]);
  if (common.out)
    write_output(common, options, FileFormat::kHtml,
                 [&](const auto& staged) { report::comparison_report(found).write(staged); });
  if (common.json)
    print_json(report::comparison_json(found));
  else
    print_line("{}", found.verdict);
  return 0;
}

/// Prints a text of several lines: print_line would write its line feeds as \\n.
void print_lines(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) print_line("{}", line);
}

int print_tables(const ReportOptions& options, const CommonOptions& common) {
  if (common.out || common.json) fail("a table goes to standard output as text: leave out --out and --json");
  for (const auto& folder : options.folders)
    print_lines(report::table_text(report::results_table(report::read_results(folder)), *options.table));
  return 0;
}

int write_card(const ReportOptions& options, const CommonOptions& common) {
  if (options.folders.size() != 1) fail("--card takes one evaluation, got {}", options.folders.size());
  if (common.json) fail("a model card is Markdown: leave out --json");
  const std::string card = report::model_card(options.folders.front());
  if (common.out)
    write_output(common, options, FileFormat::kModelCard, [&](const auto& staged) { write_file(staged, card); });
  else
    print_lines(card);
  return 0;
}

int run(const ReportOptions& options, const CommonOptions& common) {
  if (options.compare) return compare(options, common);
  if (options.table) return print_tables(options, common);
  if (options.card) return write_card(options, common);
  if (options.folders.size() > 1 && (common.out || common.json))
    fail("--out and --json speak of one report, and there are {} folders: leave them out, or --compare two",
         options.folders.size());
  for (const auto& folder : options.folders) {
    const auto file = write_report(folder, options, common);
    if (common.json) print_json({{"report", file.string()}});
  }
  return 0;
}

}  // namespace

Run setup_report(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<ReportOptions>();
  app.add_option("PATH", options->folders, "Run folders (metrics.jsonl) or evaluation folders (results.json)")
      ->required();
  auto* const compare = app.add_flag("--compare", options->compare,
                                     "Which of two evaluations is better, by how much, and whether the data say so");
  auto* const table =
      add_choice(app, "--table", options->table, report::kTableFormatNames, "Print the numbers as a table")
          ->excludes(compare);
  app.add_flag("--card", options->card, "A model card with metadata for Hugging Face; printed, or where --out says")
      ->excludes(compare)
      ->excludes(table);
  add_overwrite(app, common);
  app.footer("Writes PATH/report.html, or what --out names.");
  return [options, &common] { return run(*options, common); };
}

}  // namespace foresee::tools
