#include <CLI/CLI.hpp>

#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "tools/cli/command.h"
#include "tools/report/folder_report.h"

namespace foresee::tools {
namespace {

int write_report(const std::filesystem::path& folder, const CommonOptions& common) {
  const auto report = report::folder_report(folder);
  const auto file = common.out.value_or(folder / "report.html");
  if (common.out) {
    Output place = Output::file(file, FileFormat::kHtml, output_rules(common, {folder}));
    report.write(place.staged());
    place.commit();
  } else {
    const auto type = std::filesystem::symlink_status(file).type();
    if (type != std::filesystem::file_type::not_found && type != std::filesystem::file_type::regular)
      fail("{}: is no regular file; choose another place with --out", file.string());
    report.write(file);
    add_to_output_marker(folder, "report.html");
  }
  log_info("report: {}", file.string());
  if (common.json) print_json({{"report", file.string()}});
  return 0;
}

}  // namespace

Run setup_report(CLI::App& app, CommonOptions& common) {
  auto folder = std::make_shared<std::filesystem::path>();
  app.add_option("PATH", *folder, "A run folder (metrics.jsonl) or an evaluation folder (results.json)")->required();
  add_overwrite(app, common);
  app.footer("Writes PATH/report.html, or what --out names.");
  return [folder, &common] { return write_report(*folder, common); };
}

}  // namespace foresee::tools
