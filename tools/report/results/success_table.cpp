#include "tools/report/results/success_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "jepa/core/error.h"

namespace foresee::report {
namespace {

constexpr struct {
  const char* method;
  Role role;
  const char* note;
} kMethods[] = {
    {"planner", Role::kModel, "searches in the world model's latent space, sees pictures only"},
    {"random", Role::kBaseline, "uniform random actions"},
    {"noop", Role::kBaseline, "does nothing"},
    {"nearest_neighbour", Role::kBaseline, "replays the training episode that looks most alike"},
    {"cloning", Role::kBaseline, "a small network from picture and goal picture to action, no world model"},
    {"inverse_dynamics", Role::kBaseline, "inverse dynamics on the same latents"},
    {"expert", Role::kReference, "scripted, knows the true state"},
    {"oracle", Role::kReference, "the same search in the true simulator"},
};

const char* css_class(Role role) {
  return role == Role::kModel ? "model" : role == Role::kBaseline ? "baseline" : "reference";
}

/// A bar in per cent of the cell's width, so that it stretches with the page. @param row  nullptr: the scale above
/// them.
std::string draw_bar(const SuccessRow* row) {
  std::string out = fmt::format("<svg class=\"interval\" height=\"{}\" aria-hidden=\"true\">", row ? 22 : 16);
  for (int tick = 0; tick <= 100; tick += 25) {
    if (row) {
      out += fmt::format("<line class=\"grid\" x1=\"{}%\" x2=\"{}%\" y1=\"0\" y2=\"22\"/>", tick, tick);
    } else {
      const char* anchor = tick == 0 ? "start" : tick == 100 ? "end" : "middle";
      out += fmt::format("<text class=\"tick\" x=\"{}%\" y=\"12\" text-anchor=\"{}\">{}</text>", tick, anchor, tick);
    }
  }
  if (row) {
    const char* kind = css_class(row->role);
    out += fmt::format("<rect class=\"range {}\" x=\"{:.2f}%\" y=\"7\" width=\"{:.2f}%\" height=\"8\" rx=\"4\"/>", kind,
                       100 * row->low, 100 * (row->high - row->low));
    out += fmt::format("<circle class=\"rate {}\" cx=\"{:.2f}%\" cy=\"11\" r=\"5\"/>", kind, 100 * row->rate);
  }
  return out + "</svg>";
}

}  // namespace

SuccessRow success_row(const std::string& method, double rate, double low, double high, int64_t n) {
  SuccessRow row{.name = method, .rate = rate, .low = low, .high = high, .n = n};
  for (const auto& known : kMethods)
    if (method.substr(0, method.find(':')) == known.method) row.role = known.role, row.note = known.note;
  return row;
}

Html draw(std::vector<SuccessRow> rows) {
  bool model = false, baseline = false;
  for (const auto& row : rows) {
    FORESEE_CHECK(0 <= row.low && row.low <= row.rate && row.rate <= row.high && row.high <= 1 && row.n > 0,
                  "expected 0 <= low <= rate <= high <= 1 and n > 0 for '{}', got {}, {}, {}, n = {}", row.name,
                  row.low, row.rate, row.high, row.n);
    model |= row.role == Role::kModel;
    baseline |= row.role == Role::kBaseline;
  }
  FORESEE_CHECK(!model || baseline, "expected a baseline beside the model's success rate, got none");
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.role < b.role; });

  std::string out =
      "<table class=\"success\"><thead><tr><th scope=\"col\">method</th><th scope=\"col\">success</th>"
      "<th scope=\"col\">95 % interval</th><th scope=\"col\" class=\"bar\">" +
      draw_bar(nullptr) + "</th><th scope=\"col\">episodes</th></tr></thead><tbody>\n";
  for (const auto& row : rows) {
    const char* kind = css_class(row.role);
    out += fmt::format("<tr class=\"{}\"><th scope=\"row\">{}<small>{}</small></th>", kind, escape(row.name),
                       escape(row.note));
    out += fmt::format("<td class=\"number\">{}</td><td class=\"number range\">{} to {}</td>", percent_text(row.rate),
                       percent_text(row.low), percent_text(row.high));
    out += fmt::format("<td class=\"bar\">{}</td><td class=\"number n\">{}</td></tr>\n", draw_bar(&row), row.n);
  }
  return {out + "</tbody></table>\n"};
}

}  // namespace foresee::report
