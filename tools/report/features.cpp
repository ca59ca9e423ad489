#include "tools/report/features.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "jepa/core/files/json.h"
#include "tools/report/success_table.h"

namespace foresee::report {
namespace {

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

}  // namespace

void add_features(Report& report, const nlohmann::ordered_json& result) {
  for (const auto& [name, value] : result.items())
    if (value.is_object() && value.contains("chance")) add_factor(report, name, value);
}

}  // namespace foresee::report
