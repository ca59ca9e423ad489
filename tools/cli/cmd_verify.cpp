#include <CLI/CLI.hpp>

#include "jepa/core/error.h"
#include "tools/cli/command.h"
#include "tools/start/streams.h"
#include "tools/verify/case.h"

namespace foresee::tools {
namespace {

namespace fs = std::filesystem;
constexpr int kMismatch = 3;

int verify(const std::vector<fs::path>& paths, const CommonOptions& common) {
  int64_t passed = 0, failed = 0;
  std::vector<std::string> not_run;
  auto cases = nlohmann::ordered_json::array();
  for (const auto& folder : parity::case_folders(paths)) {
    if (!common.json) print_line("{}", folder.string());
    std::vector<parity::Comparison> rows;
    try {
      rows = parity::verify_case(folder);
    } catch (const Error& error) {  // the others are still worth running
      not_run.emplace_back(error.what());
      if (common.json)
        cases.push_back({{"case", folder.string()}, {"error", error.what()}});
      else
        print_line("  NOT RUN: {}", error.what());
      continue;
    }
    auto values = nlohmann::ordered_json::array();
    for (const auto& row : rows) {
      (row.passed ? passed : failed) += 1;
      if (common.json)
        values.push_back({{"key", row.key},
                          {"passed", row.passed},
                          {"max_abs", row.max_abs},
                          {"max_rel", row.max_rel},
                          {"tolerance", row.tolerance},
                          {"reason", row.reason}});
      else
        print_line("  {} {:<60} max abs {:.3g}, rel {:.3g} ({}){}{}", row.passed ? "pass" : "FAIL", row.key,
                   row.max_abs, row.max_rel, row.tolerance, row.reason.empty() ? "" : ": ", row.reason);
    }
    if (common.json) cases.push_back({{"case", folder.string()}, {"values", values}});
  }
  if (common.json)
    print_json({{"passed", passed}, {"failed", failed}, {"cases", cases}});
  else
    print_line("{} values passed, {} failed", passed, failed);
  if (!not_run.empty()) fail("verify: {} of the cases cannot be run: {}", not_run.size(), not_run.front());
  return failed == 0 ? 0 : kMismatch;
}

}  // namespace

Run setup_verify(CLI::App& app, CommonOptions& common) {
  auto paths = std::make_shared<std::vector<fs::path>>();
  app.add_option("CASE", *paths, "Case folders, or folders of them")->required();
  return [paths, &common] { return verify(*paths, common); };
}

}  // namespace foresee::tools
