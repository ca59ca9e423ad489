#include "tools/report/results/results.h"

#include <fmt/format.h>

#include "jepa/core/error.h"
#include "jepa/core/files/json.h"
#include "jepa/core/text/json_text.h"

namespace foresee::report {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

std::string percent_of(double share) { return fmt::format("{:.1f}", 100 * share); }

SuccessRate rate_of(const Json& value, const std::string& where, const char* rate = "rate") {
  const JsonView view(value, where);
  return {view.number(rate), view.number("low"), view.number("high"), view.integer("n")};
}

Table methods_table(const Json& result) {
  Table table{{"method", "success, %", "low, %", "high, %", "episodes", "median steps", "judged - method, points",
               "low, points", "high, points", "p"},
              {}};
  for (const auto& [method, value] : result.at("success").items()) {
    const SuccessRate rate = rate_of(value, "success: " + method);
    std::vector<std::string> row{method, percent_of(rate.rate), percent_of(rate.low), percent_of(rate.high),
                                 fmt::format("{}", rate.n)};
    const Json steps = result.value("steps_to_success", Json::object()).value(method, Json());
    row.push_back(steps.is_number() ? fmt::format("{:.0f}", steps.get<double>()) : "");
    row.resize(table.columns.size());
    for (const auto& pair : result.value("paired", Json::array())) {
      const JsonView view(pair, "paired");
      if (view.text("second") != method) continue;
      for (const auto& [column, key] : {std::pair{6, "difference"}, {7, "low"}, {8, "high"}})
        row[static_cast<size_t>(column)] = percent_of(view.number(key));
      row[9] = fmt::format("{:.2g}", view.number("p"));
    }
    table.rows.push_back(row);
  }
  return table;
}

Table sweep_table(const Json& result) {
  Table table{{"value", "place", "method", "success, %", "low, %", "high, %", "episodes"}, {}};
  for (const auto& [value, evaluation] : result.at("values").items())
    for (const auto& [method, found] : evaluation.at("success").items()) {
      const SuccessRate rate = rate_of(found, method);
      table.rows.push_back({value, evaluation.value("place", ""), method, percent_of(rate.rate), percent_of(rate.low),
                            percent_of(rate.high), fmt::format("{}", rate.n)});
    }
  return table;
}

Table factors_table(const Json& result) {
  Table table{{"factor", "probe", "read from", "right, %", "low, %", "high, %", "clips", "chance, %"}, {}};
  for (const auto& [factor, value] : result.items()) {
    if (!value.is_object() || !value.contains("chance")) continue;
    for (const char* source : {"model", "random", "pixels"}) {
      const auto row = [&](const Json& found, const char* probe) {
        const SuccessRate rate = rate_of(found, factor);
        table.rows.push_back({factor, probe, source, percent_of(rate.rate), percent_of(rate.low), percent_of(rate.high),
                              fmt::format("{}", rate.n), percent_of(value.at("chance").get<double>())});
      };
      row(value.at(source), "attentive");
      row(value.at(source).at("linear"), "linear");
    }
  }
  return table;
}

Table kinds_table(const Json& result) {
  Table table{{"violation", "measure", "found, %", "low, %", "high, %", "pairs"}, {}};
  for (const auto& [kind, value] : result.at("surprise").items()) {
    const auto row = [&](const Json& found, const char* measure) {
      const SuccessRate rate = rate_of(found, kind, "accuracy");
      table.rows.push_back({kind, measure, percent_of(rate.rate), percent_of(rate.low), percent_of(rate.high),
                            fmt::format("{}", rate.n)});
    };
    row(value, "model");
    for (const char* measure : {"pixels", "latent_change"})
      if (value.contains(measure)) row(value.at(measure), measure);
  }
  return table;
}

}  // namespace

std::string Results::protocol() const { return JsonView(result(), folder.string()).text_or("protocol", ""); }

bool Results::closed_loop() const { return result().contains("success"); }

Results read_results(const fs::path& folder) {
  const fs::path file = folder / "results.json";
  Results out{folder, read_ordered_json(file)};
  if (!out.whole.is_object() || !out.whole.contains("result") || !out.result().is_object())
    fail("{}: not a result of 'foresee eval'", file.string());
  return out;
}

std::string folder_name(const fs::path& folder) {
  const fs::path whole = fs::absolute(folder).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

Facts facts_of(const Json& object) {
  Facts facts;
  for (const auto& [name, value] : object.items()) {
    if (value.is_object())
      for (const auto& [inner, text] : facts_of(value)) facts.emplace_back(fmt::format("{}, {}", name, inner), text);
    else
      facts.emplace_back(name, value.is_string() ? value.get<std::string>() : json_text(value));
  }
  return facts;
}

std::vector<std::pair<std::string, SuccessRate>> rates_of(const Results& results) {
  std::vector<std::pair<std::string, SuccessRate>> rates;
  const Json& result = results.result();
  if (results.closed_loop())
    for (const auto& [method, value] : result.at("success").items())
      rates.emplace_back(method, rate_of(value, "success: " + method));
  else if (results.protocol() == "features")
    for (const auto& [factor, value] : result.items()) {
      if (value.is_object() && value.contains("chance"))
        rates.emplace_back(factor, rate_of(JsonView(value, factor).at("model"), factor));
    }
  else if (results.protocol() == "surprise")
    for (const auto& [kind, value] : JsonView(result, "result").at("surprise").items())
      rates.emplace_back(kind, rate_of(value, kind, "accuracy"));
  return rates;
}

Table results_table(const Results& results) {
  try {
    const Json& result = results.result();
    if (results.closed_loop()) return methods_table(result);
    if (result.contains("values")) return sweep_table(result);
    if (results.protocol() == "features") return factors_table(result);
    if (results.protocol() == "surprise") return kinds_table(result);
    Table table{{"name", "value"}, {}};
    for (const auto& [name, value] : facts_of(result)) table.rows.push_back({name, value});
    return table;
  } catch (const Json::exception& error) {
    fail<DataError>("{}: not a result of 'foresee eval': {}", (results.folder / "results.json").string(), error.what());
  }
}

}  // namespace foresee::report
