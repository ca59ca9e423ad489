#include "tools/report/folder_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/json.h"
#include "jepa/core/text/json_text.h"
#include "jepa/io/checkpoint.h"
#include "tools/report/curves.h"
#include "tools/report/reproduction.h"
#include "tools/report/results/evaluation.h"
#include "tools/report/results/findings.h"
#include "tools/report/results/results.h"
#include "tools/report/results/surprise.h"

namespace foresee::report {
namespace fs = std::filesystem;
namespace {

/// First and last finite value.
void add_tile(Report& report, const std::vector<Series>& curves, const std::string& name, const std::string& label) {
  const Series* curve = find_curve(curves, name);
  if (!curve) return;
  const auto finite = [](double value) { return std::isfinite(value); };
  const auto first = std::find_if(curve->y.begin(), curve->y.end(), finite);
  const auto last = std::find_if(curve->y.rbegin(), curve->y.rend(), finite);
  if (first == curve->y.end()) return;
  report.add_tile({label, number_text(*last), fmt::format("{} at the start", number_text(*first))});
}

Html draw_config(const fs::path& folder) {
  const auto config = read_ordered_json(folder / "config.json");
  return {fmt::format("<details><summary>config.json</summary><pre><code>{}</code></pre></details>\n",
                      escape(json_text(config, 2)))};
}

/// Whether the last evaluation found that the features had collapsed.
bool has_collapsed(const std::vector<Series>& curves) {
  const Series* flag = find_curve(curves, "collapse");
  return flag && !flag->y.empty() && flag->y.back() > 0;
}

/// Who made the run: made_by.json, a part for every call that went on with it.
Facts run_facts(const fs::path& folder) {
  Facts facts{{"run folder", fs::absolute(folder).string()}};
  if (!fs::exists(folder / "made_by.json")) {
    facts.emplace_back("command", "not known: an older version made this run");
    return facts;
  }
  const auto calls = read_ordered_json(folder / "made_by.json");
  for (const auto& call : calls)
    for (const auto& [name, value] : facts_of(call))
      facts.emplace_back(calls.size() > 1 && name == "from_step" ? "went on from step" : name, value);
  return facts;
}

Report run_report(const fs::path& folder) {
  const std::vector<Series> curves = read_curves(folder / "metrics.jsonl");
  const auto latest = latest_checkpoint_step(folder);
  Report report(
      "Training run " + folder_name(folder),
      latest ? fmt::format("The latest checkpoint is at step {}.", *latest) : "No checkpoint was written yet.");
  add_tile(report, curves, "skill", "Skill on held-out frames");
  add_tile(report, curves, "between_clips", "Variance between clips");
  add_tile(report, curves, "effective_rank", "Effective rank");
  if (has_collapsed(curves))
    report.add_notice(
        "The features collapsed: they differ between clips less than half as much as before training, or in less than "
        "half as many directions. This run did not "
        "learn features that are worth using, whatever its loss and skill say.");
  add_tile(report, curves, "loss", "Training loss");
  report.add_section("Curves", {draw_curves(curves)});
  std::vector<Html> origin{draw(run_facts(folder))};
  if (fs::exists(folder / "config.json")) origin.push_back(draw_config(folder));
  report.add_section("How the run was made", origin);
  return report;
}

/// The film strips that results.json lists: others in the folder belong to another evaluation.
/// @param meaning  of such a picture, for those who do not see it.
std::vector<FilmStrip> read_strips(const fs::path& folder, const nlohmann::ordered_json& results,
                                   const std::string& meaning) {
  std::vector<fs::path> files;
  if (results.contains("files") && results["files"].is_array())
    for (const auto& name : results["files"]) {
      const fs::path file = name.is_string() ? fs::path(name.get<std::string>()) : fs::path();
      if (file.is_relative() && file.parent_path() == "strips" && file.extension() == ".png" &&
          fs::is_regular_file(folder / file))
        files.push_back(folder / file);
    }
  std::sort(files.begin(), files.end());
  std::vector<FilmStrip> strips;
  for (const auto& file : files) {
    const std::string bytes = read_file(file), name = file.stem().string();
    strips.push_back({.caption = name, .success = name.ends_with("success"), .frames = {}, .goal = {}});
    strips.back().whole = Picture{{bytes.begin(), bytes.end()}, name + ": " + meaning};
  }
  return strips;
}

/// What a page of an evaluation says first.
std::string lead_of(const Results& results) {
  if (results.protocol() == "features")
    return "How often probes read the right value from frozen features, on clips that they do not know.";
  if (results.protocol() == "surprise")
    return "How often the model finds, of two episodes, the one in which the impossible happens. By chance: half.";
  if (results.protocol() == "offline" || results.protocol() == "quality")
    return "How well the model predicts recorded episodes, without an environment.";
  return "How often each method reaches the goal, on the same starts.";
}

/// The sections of what was measured.
void add_measured(Report& report, const Results& results) {
  const auto& result = results.result();
  if (result.contains("vary"))
    add_sweep(report, result);
  else if (results.protocol() == "features")
    add_features(report, result);
  else if (results.closed_loop())
    add_evaluation(report, result, JsonView(results.whole, "results.json").text_or("origin_of_starts", ""),
                   read_strips(results.folder, results.whole, "from the start to the end, then the goal"));
  else if (results.protocol() == "surprise")
    add_surprise(report, result,
                 read_strips(results.folder, results.whole, "the episode with the violation, and the one without"));
  else if (results.protocol().empty())
    fail("this is not a result of 'foresee eval': {}", (results.folder / "results.json").string());
  else
    report.add_section("What was measured", {draw(results_table(results))});
}

Report evaluation_report(const fs::path& folder) {
  const Results results = read_results(folder);
  Report report("Evaluation " + folder_name(folder), lead_of(results));
  if (JsonView(results.whole, (folder / "results.json").string()).truth_or("interrupted", false))
    report.add_notice("The evaluation was interrupted: this is what was finished.");
  if (!results.whole.contains("files") && fs::exists(folder / "strips"))
    report.add_notice(
        "An older version wrote this evaluation: it does not say which film strips belong to it, so none are shown.");
  std::vector<Html> known;
  for (const std::string& finding : findings(results)) {
    if (finding.starts_with("FLAG")) report.add_notice(finding);
    known.push_back(paragraph(finding));
  }
  add_measured(report, results);
  report.add_section("What to know of these numbers", known);
  report.add_section("To copy", {draw_to_copy(results_table(results))});
  Facts made{{"evaluation folder", fs::absolute(folder).string()}};
  const auto& result = results.result();
  if (result.contains("seed") && result["seed"].is_number_unsigned())
    made.emplace_back("seed", fmt::format("{}", result["seed"].get<uint64_t>()));
  if (results.whole.contains("made_by") && results.whole["made_by"].is_object())
    for (const auto& fact : facts_of(results.whole["made_by"])) made.push_back(fact);
  report.add_section("How the evaluation was made", {draw(made)});
  return report;
}

}  // namespace

Report folder_report(const fs::path& folder) {
  if (!fs::is_directory(folder)) fail("{}: no such folder", folder.string());
  if (fs::exists(folder / "metrics.jsonl")) return run_report(folder);
  if (fs::exists(folder / "results.json")) return evaluation_report(folder);
  fail("{}: expected a run folder (with metrics.jsonl) or an evaluation folder (with results.json)", folder.string());
}

}  // namespace foresee::report
