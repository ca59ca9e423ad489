#include "tools/report/results/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "jepa/core/error.h"
#include "jepa/core/files/json.h"
#include "tools/report/chart.h"
#include "tools/report/results/success_table.h"

namespace foresee::report {
namespace {

constexpr int64_t kPictureSize = 112;  // pixels

std::string protocol_text(const std::string& protocol) {
  if (protocol == "near")
    return "Protocol near: the start is a moment of a held-out expert episode, the goal is its picture 25 steps later, "
           "and "
           "50 steps are allowed. Many of these goals are close, so a random policy reaches some of them.";
  if (protocol == "far")
    return "Protocol far: start and goal lie in opposite rooms and 100 steps are allowed. Only a way through the door "
           "gets "
           "there.";
  return fmt::format("Protocol {}.", protocol);
}

std::string time_text(double ms) {
  return ms < 10000 ? fmt::format("{:.0f} ms", ms) : fmt::format("{:.1f} s", ms / 1000);
}

std::vector<SuccessRow> success_rows(const nlohmann::ordered_json& success) {
  std::vector<SuccessRow> rows;
  for (const auto& [method, value] : success.items()) {
    const JsonView row(value, "success: " + method);
    if (row.integer("n") == 0) continue;  // cut short before its first episode
    rows.push_back(success_row(method, row.number("rate"), row.number("low"), row.number("high"), row.integer("n")));
  }
  return rows;
}

void add_tiles(Report& report, const std::vector<SuccessRow>& rows, const JsonView<nlohmann::ordered_json>& planning) {
  const auto find = [&](Role role) {
    return std::find_if(rows.begin(), rows.end(), [&](const SuccessRow& row) { return row.role == role; });
  };
  const auto model = find(Role::kModel), baseline = find(Role::kBaseline);
  if (model != rows.end() && baseline != rows.end())
    report.add_tile({fmt::format("Goals reached, {}", model->name), percent_text(model->rate),
                     fmt::format("{}: {}, of {} starts", baseline->name, percent_text(baseline->rate), model->n)});
  if (planning.has("p50"))
    report.add_tile({"Time of one plan", time_text(planning.number("p50")),
                     fmt::format("median; 95 of 100 took at most {}", time_text(planning.number("p95")))});
}

/// Mean distance to the goal over the steps, of every method.
Html draw_distance(const nlohmann::ordered_json& distance) {
  Chart chart{.title = "Distance to the goal",
              .x_label = "environment steps",
              .y_label = "mean distance, the environment's unit",
              .series = {},
              .caption = "Over all episodes; one that has ended stays where it is. Good: it falls fast and stays low."};
  for (const auto& [method, values] : distance.items()) {
    Series series{.name = method};
    for (const auto& value : values) {
      series.x.push_back(static_cast<double>(series.x.size()));
      series.y.push_back(value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN());
    }
    chart.series.push_back(series);
  }
  return draw(chart);
}

void add_checked(Report& report, const nlohmann::ordered_json& result, const std::string& origin,
                 const std::vector<FilmStrip>& strips) {
  const JsonView view(result, "result");
  view.object("success");  // throws where it is no object
  const std::vector<SuccessRow> rows = success_rows(result.at("success"));
  std::vector<Html> content{paragraph(protocol_text(view.text("protocol")))};
  const auto plays = [&](Role role) {
    return std::any_of(rows.begin(), rows.end(), [&](const SuccessRow& row) { return row.role == role; });
  };
  if (rows.empty()) {
    content.push_back(paragraph("No episode was finished."));
  } else if (plays(Role::kModel) && !plays(Role::kBaseline)) {  // cut short, or asked for so
    content.push_back(paragraph(
        "No baseline was played, so no rate is shown: a rate says little without one. Evaluate again with the methods "
        "random and noop beside the planner."));
  } else {
    add_tiles(report, rows, view.object("planning_ms"));
    content.push_back(draw(rows));
  }
  content.push_back(paragraph(
      fmt::format(
          "All methods face the same starts. {} further starts were solved before the first step and are left out. {}. "
          "Bars are Wilson 95 % intervals. Good: the planner's bar lies above those of all baselines.",
          view.integer("excluded_solved"), origin),
      "note"));
  if (view.has("distance")) content.push_back(draw_distance(result.at("distance")));
  report.add_section(fmt::format("Planning to a goal picture: {}", view.text("env")), content);
  if (!strips.empty())
    report.add_section("Episodes of the planner, failures first",
                       {paragraph("The planner sees the current picture and the goal picture, nothing else.", "note"),
                        draw_strips(strips)});
}

void add_factor(Report& report, const std::string& factor, const nlohmann::ordered_json& value) {
  const JsonView view(value, factor);
  std::vector<SuccessRow> rows;
  const auto add = [&](const char* key, const char* name, Role role) {
    const auto source = view.object(key);
    const auto row = [&](const auto& rate, const char* probe) {
      rows.push_back({.name = name,
                      .note = probe,
                      .role = role,
                      .rate = rate.number("rate"),
                      .low = rate.number("low"),
                      .high = rate.number("high"),
                      .n = rate.integer("n")});
    };
    row(source, "attentive probe");
    row(source.object("linear"), "linear probe");
  };
  add("model", "model", Role::kModel);
  add("random", "random weights", Role::kBaseline);
  add("pixels", "pixels", Role::kBaseline);
  report.add_section(fmt::format("Read from the features: {}", factor),
                     {draw(rows), paragraph(fmt::format("By chance: {:.1f} %.", 100 * view.number("chance")), "note")});
}

/// The number that a value of a sweep is: "30", or "[30,30,30]" with one number throughout.
std::optional<double> swept_number(const std::string& text) {
  const auto value = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_number()) return value.get<double>();
  if (!value.is_array() || value.empty() || !value.front().is_number()) return std::nullopt;
  for (const auto& other : value)
    if (other != value.front()) return std::nullopt;
  return value.front().get<double>();
}

/// What one method did at one value.
struct SweptRate {
  std::string value, place;
  std::optional<double> number;
  SuccessRow row;
};

/// Every method's rates over the values, in the order of the sweep.
std::map<std::string, std::vector<SweptRate>> swept_rates(const nlohmann::ordered_json& values) {
  std::map<std::string, std::vector<SweptRate>> rates;
  for (const auto& [value, evaluation] : values.items()) {
    const JsonView view(evaluation, "values: " + value);
    view.object("success");
    for (const SuccessRow& row : success_rows(evaluation.at("success")))
      rates[row.name].push_back({value, view.text_or("place", ""), swept_number(value), row});
  }
  return rates;
}

/// The trained values, neighbours in the sweep as one part.
std::vector<std::pair<double, double>> trained_parts(std::vector<SweptRate> rates) {
  std::sort(rates.begin(), rates.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  std::vector<std::pair<double, double>> parts;
  bool inside = false;
  for (const SweptRate& rate : rates) {
    const bool trained = rate.place == "trained";
    if (trained && inside)
      parts.back().second = *rate.number;
    else if (trained)
      parts.emplace_back(*rate.number, *rate.number);
    inside = trained;
  }
  return parts;
}

Chart sweep_chart(const std::string& factor, const std::map<std::string, std::vector<SweptRate>>& rates) {
  Chart chart{.title = "Success over " + factor, .x_label = factor, .y_label = "success", .series = {}};
  for (const auto& [method, all] : rates) {
    std::vector<SweptRate> sorted = all;
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
    Series low{.name = method + ", 95 % interval", .faint = true}, high = low, rate{.name = method};
    for (const SweptRate& one : sorted) {
      for (Series* series : {&low, &high, &rate}) series->x.push_back(*one.number);
      low.y.push_back(one.row.low);
      high.y.push_back(one.row.high);
      rate.y.push_back(one.row.rate);
    }
    if (method == "planner") {  // intervals of all would hide each other
      chart.series.push_back(low);
      chart.series.push_back(high);
    }
    chart.series.push_back(rate);
  }
  if (!rates.empty()) chart.shaded = trained_parts(rates.begin()->second);
  chart.caption = chart.shaded.empty() ? "What was trained on is not known."
                                       : "Grey: values that were trained on. The rest was never seen.";
  return chart;
}

void add_checked_sweep(Report& report, const nlohmann::ordered_json& result) {
  const JsonView view(result, "result");
  view.object("values");
  const std::string factor = view.text("vary");
  const auto rates = swept_rates(result.at("values"));
  bool numbers = !rates.empty();
  for (const auto& [method, all] : rates)
    for (const SweptRate& one : all) numbers = numbers && one.number.has_value();
  std::vector<Html> content;
  if (numbers) content.push_back(draw(sweep_chart(factor, rates)));
  std::vector<SuccessRow> rows;
  for (const auto& [method, all] : rates)
    for (SweptRate one : all) {
      one.row.note = fmt::format("{}{}{}", one.value, one.place.empty() ? "" : ": ", one.place);
      rows.push_back(one.row);
    }
  if (rows.empty())
    content.push_back(paragraph("No episode was finished."));
  else
    content.push_back(draw(rows));
  if (result.contains("generalisation") &&
      JsonView(result.at("generalisation"), "generalisation").truth_or("memorised", false))
    report.add_notice(
        "A memorised world: the planner succeeds less often outside of the trained values than inside of them, beyond "
        "both intervals.");
  report.add_section(fmt::format("Generalisation: {}, protocol {}", view.text("env"), view.text("protocol")), content);
}

}  // namespace

FilmStrip episode_strip(const planner::Env& env, const planner::Start& start, const planner::Trial& episode,
                        int64_t pictures) {
  FORESEE_CHECK(pictures >= 2 && !episode.path.empty(), "expected at least 2 pictures and a path, got {} and {} states",
                pictures, episode.path.size());
  const auto shown = (start.scene ? *start.scene : env).clone();
  shown->set_goal(start.goal);
  const auto last = static_cast<int64_t>(episode.path.size()) - 1;
  const int64_t count = std::min(pictures, last + 1);
  FilmStrip strip{.success = episode.success};
  for (int64_t i = 0; i < count; ++i) {
    const int64_t step = count > 1 ? (i * last + (count - 1) / 2) / (count - 1) : 0;
    shown->set_state(episode.path[static_cast<size_t>(step)]);
    strip.frames.push_back(make_picture(shown->render(kPictureSize), fmt::format("step {}", step)));
  }
  strip.goal = make_picture(shown->render_goal(kPictureSize), "goal");
  strip.caption = fmt::format("start {}, {} steps, {:.0f} px from the goal at the end", episode.start, episode.steps,
                              episode.final_distance);
  return strip;
}

void add_evaluation(Report& report, const nlohmann::ordered_json& result, const std::string& origin,
                    const std::vector<FilmStrip>& strips) {
  try {
    add_checked(report, result, origin, strips);
  } catch (const DataError& error) {
    fail("this is not a result of 'foresee eval': {}", error.what());
  }
}

void add_features(Report& report, const nlohmann::ordered_json& result) {
  for (const auto& [name, value] : result.items())
    if (value.is_object() && value.contains("chance")) add_factor(report, name, value);
}

void add_sweep(Report& report, const nlohmann::ordered_json& result) {
  try {
    add_checked_sweep(report, result);
  } catch (const DataError& error) {
    fail("this is not a result of 'foresee eval': {}", error.what());
  }
}

}  // namespace foresee::report
