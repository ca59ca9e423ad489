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
#include "tools/report/evaluation.h"
#include "tools/report/reproduction.h"

namespace foresee::report {
namespace fs = std::filesystem;
namespace {

std::string folder_name(const fs::path& folder) {
  const fs::path whole = fs::absolute(folder).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

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
  std::vector<Html> origin{draw(reproduction_facts({}, {{"run folder", fs::absolute(folder).string()}}))};
  if (fs::exists(folder / "config.json")) origin.push_back(draw_config(folder));
  report.add_section("How this report was made", origin);
  return report;
}

/// The film strips that results.json lists: others in the folder belong to another evaluation.
std::vector<FilmStrip> read_strips(const fs::path& folder, const nlohmann::ordered_json& results) {
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
    strips.back().whole = Picture{{bytes.begin(), bytes.end()}, name + ": from the start to the end, then the goal"};
  }
  return strips;
}

/// {"command": "...", "model": {"path": "...", "crc32c": "..."}} as names and values: "model, path".
Facts facts_of(const nlohmann::ordered_json& object) {
  Facts facts;
  for (const auto& [name, value] : object.items()) {
    if (value.is_object())
      for (const auto& [inner, text] : facts_of(value)) facts.emplace_back(fmt::format("{}, {}", name, inner), text);
    else
      facts.emplace_back(name, value.is_string() ? value.get<std::string>() : json_text(value));
  }
  return facts;
}

Report evaluation_report(const fs::path& folder) {
  const fs::path file = folder / "results.json";
  const auto results = read_ordered_json(file);
  if (!results.is_object() || !results.contains("result")) fail("{}: not a result of 'foresee eval'", file.string());
  const auto& result = results["result"];
  const bool features = JsonView(result, "result").text_or("protocol", "") == "features";
  Report report("Evaluation " + folder_name(folder),
                features ? "How often probes read the right value from frozen features, on clips that they do not know."
                         : "How often each method reaches the goal, on the same starts.");
  const JsonView view(results, file.string());
  if (view.truth_or("interrupted", false))
    report.add_notice("The evaluation was interrupted: this is what was finished.");
  if (!results.contains("files") && fs::exists(folder / "strips"))
    report.add_notice(
        "An older version wrote this evaluation: it does not say which film strips belong to it, so none are shown.");
  if (result.contains("vary"))
    add_sweep(report, result);
  else if (features)
    add_features(report, result);
  else if (JsonView(result, "result").text_or("protocol", "") == "offline")
    report.add_section("Prediction on held-out episodes", {draw(facts_of(result))});
  else
    add_evaluation(report, result, view.text_or("origin_of_starts", ""), read_strips(folder, results));
  std::optional<uint64_t> seed;
  if (result.contains("seed") && result["seed"].is_number_unsigned()) seed = result["seed"].get<uint64_t>();
  if (results.contains("made_by") && results["made_by"].is_object())
    report.add_section("How the evaluation was made", {draw(facts_of(results["made_by"]))});
  report.add_section("How this report was made",
                     {draw(reproduction_facts(seed, {{"evaluation folder", fs::absolute(folder).string()}}))});
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
