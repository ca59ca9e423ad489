#include "tools/report/results/comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "jepa/core/error.h"
#include "jepa/core/files/json.h"
#include "jepa/core/statistics/paired.h"
#include "jepa/core/text/json_text.h"
#include "tools/report/results/results.h"

namespace foresee::report {
namespace {

using Json = nlohmann::ordered_json;

/// What has to be the same for a difference to mean anything.
constexpr const char* kSameResult[] = {"protocol", "env", "seed", "clips", "train_clips", "data", "vary", "shown"};
constexpr const char* kSameConfig[] = {"goal_offset", "budget", "episodes", "draw", "world", "swm"};

void require_same(const Results& first, const Results& second) {
  std::vector<std::string> differ;
  const auto look = [&](const Json& a, const Json& b, const std::string& key, const std::string& name) {
    const Json x = a.is_object() ? a.value(key, Json()) : Json(), y = b.is_object() ? b.value(key, Json()) : Json();
    if (x == y) return;
    const bool brief = !x.is_structured() && !y.is_structured();
    differ.push_back(brief ? fmt::format("{} ({} and {})", name, json_text(x), json_text(y)) : name);
  };
  for (const char* key : kSameResult) look(first.result(), second.result(), key, key);
  const Json a = first.whole.value("config", Json()), b = second.whole.value("config", Json());
  for (const char* key : kSameConfig) look(a, b, key, key);
  if (differ.empty()) look(first.whole, second.whole, "starts", "starts");
  if (!differ.empty())
    fail("{} and {} cannot be compared, for these differ: {}", first.folder.string(), second.folder.string(),
         fmt::join(differ, ", "));
}

/// Success of each start, by its index.
std::map<int64_t, uint8_t> outcomes_of(const Results& results, const std::string& method) {
  std::map<int64_t, uint8_t> outcomes;
  const JsonView view(results.whole, (results.folder / "results.json").string());
  for (const Json& trial : view.object("episodes").list(method)) {
    const JsonView row(trial, "episodes: " + method);
    outcomes[row.integer("start")] = row.truth_or("success", false) ? 1 : 0;
  }
  return outcomes;
}

/// The method that is judged: the first search on the model, or the first method.
std::string judged(const Results& results) {
  const Json& success = results.result().at("success");
  for (const auto& [method, rate] : success.items())
    if (method == "planner" || method.starts_with("planner:")) return method;
  return success.empty() ? "" : success.begin().key();
}

ComparedRate compared_starts(const Results& first, const std::string& a, const Results& second, const std::string& b) {
  const auto x = outcomes_of(first, a), y = outcomes_of(second, b);
  std::vector<uint8_t> left, right;
  for (const auto& [start, success] : x)
    if (const auto found = y.find(start); found != y.end()) left.push_back(success), right.push_back(found->second);
  const PairedOutcomes outcomes = paired_outcomes(left, right);
  return {a == b ? a : fmt::format("{}, {}", a, b),
          success_rate(outcomes.both + outcomes.first_only, outcomes.n()),
          success_rate(outcomes.both + outcomes.second_only, outcomes.n()),
          paired_difference(outcomes),
          mcnemar_p(outcomes),
          outcomes.first_only,
          outcomes.second_only};
}

std::vector<ComparedRate> compared_methods(const Results& first, const Results& second) {
  const std::string a = judged(first), b = judged(second);
  std::vector<ComparedRate> out;
  if (a.empty() || b.empty()) fail("no method was played in {}", (a.empty() ? first : second).folder.string());
  out.push_back(compared_starts(first, a, second, b));
  for (const auto& [method, rate] : first.result().at("success").items())
    if (second.result().at("success").contains(method) && !(method == a && method == b))
      out.push_back(compared_starts(first, method, second, method));
  return out;
}

std::vector<ComparedRate> compared_rates(const Results& first, const Results& second) {
  std::vector<ComparedRate> out;
  const auto others = rates_of(second);
  for (const auto& [name, rate] : rates_of(first))
    for (const auto& [other, value] : others)
      if (name == other)
        out.push_back({.name = name, .first = rate, .second = value, .difference = difference_of(rate, value)});
  return out;
}

std::string points(double share) { return fmt::format("{:+.1f}", 100 * share); }

std::string between(const Difference& found) {
  return fmt::format("{} points (95 % interval {} to {})", points(found.difference), points(found.low),
                     points(found.high));
}

/// -1, 0, 1: the second is better, not told apart, the first is.
int sign_of(const Difference& found) { return found.low > 0 ? 1 : found.high < 0 ? -1 : 0; }

void judge_starts(ResultComparison& found) {
  const ComparedRate& rate = found.rates.front();
  const int sign = sign_of(rate.difference);
  found.better = sign > 0 ? "first" : sign < 0 ? "second" : "";
  const std::string how =
      fmt::format("{} on {} equal starts, p {:.2g} (McNemar, exact)", between(rate.difference), rate.first.n, *rate.p);
  found.verdict = sign == 0
                      ? fmt::format("The data do not allow saying which is better. {} - {}: {}. More starts may tell.",
                                    found.first, found.second, how)
                      : fmt::format("{} is better, and the data allow saying so. {} - {}: {}.",
                                    sign > 0 ? found.first : found.second, found.first, found.second, how);
}

void judge_rates(ResultComparison& found) {
  std::vector<std::string> up, down, open;
  for (const ComparedRate& rate : found.rates) {
    const int sign = sign_of(rate.difference);
    (sign > 0 ? up : sign < 0 ? down : open).push_back(rate.name);
  }
  if (!up.empty() && down.empty()) found.better = "first";
  if (up.empty() && !down.empty()) found.better = "second";
  const auto text = [](const std::vector<std::string>& names) {
    return names.empty() ? std::string("nothing") : fmt::format("{}", fmt::join(names, ", "));
  };
  found.verdict = fmt::format("{} is better at {}; {} is better at {}; not told apart: {}.", found.first, text(up),
                              found.second, text(down), text(open));
}

Table table_of(const ResultComparison& found) {
  Table table{
      {"", "first, %", "second, %", "first - second, points", "low", "high", "n", "first alone", "second alone", "p"},
      {}};
  for (const ComparedRate& rate : found.rates) {
    const auto share = [](double value) { return fmt::format("{:.1f}", 100 * value); };
    table.rows.push_back({rate.name, share(rate.first.rate), share(rate.second.rate),
                          points(rate.difference.difference), points(rate.difference.low), points(rate.difference.high),
                          fmt::format("{}", rate.first.n), rate.p ? fmt::format("{}", rate.first_only) : "",
                          rate.p ? fmt::format("{}", rate.second_only) : "",
                          rate.p ? fmt::format("{:.2g}", *rate.p) : ""});
  }
  return table;
}

}  // namespace

ResultComparison compare_results(const std::filesystem::path& first, const std::filesystem::path& second) {
  const Results a = read_results(first), b = read_results(second);
  require_same(a, b);
  ResultComparison found{.first = first.string(), .second = second.string()};
  found.rates = a.closed_loop() ? compared_methods(a, b) : compared_rates(a, b);
  if (found.rates.empty())
    fail("{}: protocol {} has no rates that can be compared", first.string(),
         a.protocol().empty() ? "of a sweep" : a.protocol());
  if (a.closed_loop())
    judge_starts(found);
  else
    judge_rates(found);
  return found;
}

nlohmann::ordered_json comparison_json(const ResultComparison& found) {
  Json rates = Json::array();
  const auto rate_json = [](const SuccessRate& rate) {
    return Json{{"rate", rate.rate}, {"low", rate.low}, {"high", rate.high}, {"n", rate.n}};
  };
  for (const ComparedRate& rate : found.rates) {
    Json row{{"name", rate.name},
             {"first", rate_json(rate.first)},
             {"second", rate_json(rate.second)},
             {"difference", rate.difference.difference},
             {"low", rate.difference.low},
             {"high", rate.difference.high}};
    if (rate.p) {
      row["p"] = *rate.p;
      row["first_only"] = rate.first_only;
      row["second_only"] = rate.second_only;
    }
    rates.push_back(row);
  }
  return {{"first", found.first},
          {"second", found.second},
          {"better", found.better.empty() ? Json() : Json(found.better)},
          {"verdict", found.verdict},
          {"rates", rates}};
}

Report comparison_report(const ResultComparison& found) {
  Report report("Comparison", found.verdict);
  report.add_section("Side by side",
                     {draw(table_of(found)),
                      paragraph("An interval that holds 0 does not tell the two apart. Good: one that lies on one side "
                                "of 0 for what matters to you.",
                                "note"),
                      draw_to_copy(table_of(found))});
  for (const std::string& folder : {found.first, found.second}) {
    const Results results = read_results(folder);
    Facts facts{{"evaluation folder", std::filesystem::absolute(folder).string()}};
    if (results.whole.contains("made_by") && results.whole["made_by"].is_object())
      for (const auto& fact : facts_of(results.whole["made_by"])) facts.push_back(fact);
    report.add_section(folder == found.first ? "How the first was made" : "How the second was made", {draw(facts)});
  }
  return report;
}

}  // namespace foresee::report
