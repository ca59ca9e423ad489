#include <CLI/CLI.hpp>

#include "jepa/core/log.h"
#include "tools/cli/command.h"
#include "tools/report/folder_report.h"

namespace foresee::tools {
namespace {

int write_report(const std::filesystem::path& folder, const CommonOptions& common) {
  const auto report = report::folder_report(folder);
  const auto file = common.out.value_or(folder / "report.html");
  report.write(file);
  log_info("report: {}", file.string());
  if (common.json) print_json({{"report", file.string()}});
  return 0;
}

}  // namespace

Run setup_report(CLI::App& app, CommonOptions& common) {
  auto folder = std::make_shared<std::filesystem::path>();
  app.add_option("PATH", *folder, "A run folder (metrics.jsonl) or an evaluation folder (results.json)")->required();
  app.footer("Writes PATH/report.html, or what --out names.");
  return [folder, &common] { return write_report(*folder, common); };
}

}  // namespace foresee::tools
