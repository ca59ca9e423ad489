#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "foresee/check.h"
#include "jepa/core/log.h"
#include "jepa/core/text/counted.h"
#include "tools/cli/data/data_commands.h"
#include "tools/start/streams.h"

namespace foresee::tools {
namespace {

constexpr int kFindings = 3;  // exit code where there is something to mend

nlohmann::ordered_json finding_json(const CheckFinding& finding) {
  nlohmann::ordered_json object{{"kind", finding.kind}, {"set", finding.set.string()}};
  if (!finding.episode.empty()) object["episode"] = finding.episode;
  if (!finding.column.empty()) object["column"] = finding.column;
  if (finding.row) object["row"] = *finding.row;
  object["count"] = finding.count;
  object["text"] = finding.text;
  object["certain"] = finding.certain;
  return object;
}

nlohmann::ordered_json result_json(const CheckResult& result) {
  nlohmann::ordered_json sets = nlohmann::ordered_json::array(), findings = nlohmann::ordered_json::array();
  for (const auto& set : result.sets)
    sets.push_back({{"path", set.path.string()},
                    {"format", set.format},
                    {"episodes", set.episodes},
                    {"rows", set.rows},
                    {"columns", set.columns},
                    {"notes", set.notes}});
  for (const auto& finding : result.findings) findings.push_back(finding_json(finding));
  return {{"sound", result.sound()}, {"sets", sets}, {"findings", findings}};
}

// The findings are what this command is for: they go to standard output.
void print_result(const CheckResult& result) {
  for (const auto& set : result.sets) {
    if (set.format.empty())
      print_line("{}: cannot be opened", set.path.string());
    else
      print_line("{}: {}, {}, {}", set.path.string(), set.format, counted(set.episodes, "episode"),
                 counted(set.rows, "row"));
    for (const auto& note : set.notes) print_line("  note: {}", note);
    for (const auto& finding : result.findings)
      if (finding.set == set.path) print_line("  {}: {}", finding.kind, finding.text);
  }
  if (result.sound())
    print_line("sound");
  else
    print_line("{}", counted(static_cast<int64_t>(result.findings.size()), "finding"));
}

int check(const CheckRequest& request, const CommonOptions& common) {
  const CheckResult result = check_episodes(request, common.control);
  if (common.json)
    print_json(result_json(result));
  else
    print_result(result);
  return result.sound() ? 0 : kFindings;
}

}  // namespace

Run setup_data_check(CLI::App& app, CommonOptions& common) {
  const auto request = std::make_shared<CheckRequest>();
  app.add_option("sets", request->data, "Sets of episodes, of any format that is read")
      ->required()
      ->option_text("SET...");
  app.add_option("--camera", request->camera, "Only this camera, or A,B (default: all)");
  app.add_option("--state-update", request->state_update,
                 "What a training will take the states for: their units are checked then")
      ->check(CLI::IsMember({"arm_pose", "add", "none"}));
  app.add_option("--state-column", request->state_column, "Their column")->capture_default_str();
  app.add_option("--tolerance-s", request->tolerance_s,
                 "How far a film's frame may lie from its row's time, seconds (default: half a row)")
      ->check(CLI::PositiveNumber);
  app.add_flag_callback(
      "--quick", [request] { request->pictures = false; }, "Does not read every picture");
  return [=, &common] { return check(*request, common); };
}

}  // namespace foresee::tools
