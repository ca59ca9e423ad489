#include "tools/report/results/surprise.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "jepa/core/files/json.h"
#include "tools/report/chart.h"
#include "tools/report/results/success_table.h"

namespace foresee::report {
namespace {

using Json = nlohmann::ordered_json;

SuccessRow measure_row(const JsonView<Json>& rate, const char* name, const std::string& note, Role role) {
  return {.name = name,
          .note = note,
          .role = role,
          .rate = rate.number("accuracy"),
          .low = rate.number("low"),
          .high = rate.number("high"),
          .n = rate.integer("n")};
}

std::vector<SuccessRow> measure_rows(const Json& value, const std::string& kind) {
  const JsonView view(value, kind);
  std::vector<SuccessRow> rows{
      measure_row(view, "model", "surprise", Role::kModel),
      measure_row(view.object("latent_change"), "latent change", "no prediction", Role::kBaseline),
      measure_row(view.object("pixels"), "pixel change", "no model", Role::kBaseline)};
  if (view.has("distances"))
    for (const auto& [distance, rate] : value.at("distances").items())
      rows.push_back(
          measure_row(JsonView(rate, distance), "model", fmt::format("jumps of {} px", distance), Role::kModel));
  return rows;
}

/// @param listed  pairs of a list, of which it is not known when the violation comes.
Chart curve_chart(const JsonView<Json>& curve, const std::string& kind, bool listed) {
  const std::vector<double> x = curve.numbers("offset");
  return {
      .title = "Surprise over time: " + kind,
      .x_label = listed ? "scores from the first" : "scores from the violation",
      .y_label = "surprise",
      .series = {{"with the violation", x, curve.numbers("changed")}, {"without it", x, curve.numbers("unchanged")}},
      .caption = listed ? "Means over the pairs that last so long. Good: the curves part."
                        : "Means over the pairs. At 0 the violation is seen first. Good: only one curve rises "
                          "there."};
}

void add_kind(Report& report, const std::string& kind, const Json& value, bool listed) {
  std::vector<Html> content{draw(measure_rows(value, kind))};
  if (const JsonView view(value, kind); view.has("curve"))
    content.push_back(
        {"<div class=\"charts\">\n" + draw(curve_chart(view.object("curve"), kind, listed)).markup + "</div>\n"});
  report.add_section("Found: " + kind, content);
}

}  // namespace

void add_surprise(Report& report, const Json& result, const std::vector<FilmStrip>& strips) {
  const JsonView view(result, "result");
  const bool listed = view.has("data");
  if (view.has("shown")) report.add_section("What was shown", {paragraph(view.text("shown") + ".")});
  view.object("surprise");
  for (const auto& [kind, value] : result.at("surprise").items()) add_kind(report, kind, value, listed);
  if (strips.empty()) return;
  const std::string meaning =
      "Above the episode with the violation, below the one without. Bars: surprise of the first score that a picture "
      "counts in; the largest is dark. An orange frame: the first picture of the violation, where it is known.";
  report.add_section("Pairs, those that were not told first",
                     {paragraph(meaning, "note"), draw_strips(strips, /*successes=*/4,
                                                              {.good = "told",
                                                               .bad = "not told",
                                                               .none_bad = "Every pair was told.",
                                                               .more_good = "more that were told"})});
}

}  // namespace foresee::report
