#include "tools/report/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "jepa/core/error.h"
#include "jepa/core/watch/metrics.h"

namespace foresee::report {
namespace {

/// Which metrics share a chart, and how they are to be read.
struct ChartKind {
  const char* title;
  const char* unit;
  const char* caption;
  const char* baseline;  // the meaning of 0, where 0 is what is to be beaten; else null
  std::vector<std::pair<std::string, const char*>> metrics;  // name (a '*' at the end: any rest) and legend
};

const std::vector<ChartKind>& chart_kinds() {
  static const std::vector<ChartKind> kinds{
      {"Skill on held-out frames",
       "skill",
       "1 - L1(model) / L1(baseline). Baselines: the mean of the context's targets, and the best constant at each "
       "place.",
       "no better than the baseline",
       {{"skill", "against the mean of the context"}, {"skill_constant", "against the best constant"}}},
      {"Roll-out skill on held-out episodes",
       "skill",
       "1 - error(model) / error(last seen frame), in latent space, after 1, 2, ... action blocks.",
       "nothing changes",
       {{"held_out_skill_*", "blocks ahead: "}}},
      {"Training loss", "loss", "", nullptr, {{"loss", "loss"}}},
      {"Error on held-out frames",
       "L1",
       "Both are measured against the target encoder, which moves: compare the curves, not the steps.",
       nullptr,
       {{"l1_model", "model"}, {"l1_baseline", "mean of the context"}}},
      {"Effective rank",
       "dimensions",
       "Dimensions that features of held-out data use; near 1 they have collapsed.",
       nullptr,
       {{"effective_rank", "effective rank"}, {"held_out_effective_rank", "effective rank"}}},
      {"Spread of features",
       "standard deviation",
       "Of one dimension over held-out tokens, averaged; at 0 they have collapsed.",
       nullptr,
       {{"mean_std", "standard deviation"}}},
      {"Where features vary",
       "share of a token's squared norm",
       "Between clips at one place, and between the places of a clip. What does not vary between clips tells nothing "
       "of "
       "a clip: below half its start the features have collapsed, whatever the loss.",
       nullptr,
       {{"between_clips", "between clips"}, {"between_positions", "between places"}}},
      {"Clips found again by another crop",
       "share of held-out clips",
       "The nearest neighbour of a clip among the other crops of all held-out clips is its own.",
       nullptr,
       {{"retrieval", "found"}, {"retrieval_chance", "by chance"}}},
      {"State read from the embedding",
       "correlation",
       "Probes from embeddings to the true state, fitted on training episodes, measured on held-out ones.",
       "no relation",
       {{"held_out_probe_linear_r_*", "linear, "}, {"held_out_probe_mlp_r_*", "perceptron, "}}},
  };
  return kinds;
}

constexpr size_t kSmoothFrom = 40;  // points: shorter curves are drawn as they are

/// The legend of a metric in a chart; nothing when it does not belong there.
std::optional<std::string> legend(const ChartKind& kind, const std::string& metric) {
  for (const auto& [name, label] : kind.metrics) {
    if (metric == name) return label;
    if (name.ends_with('*') && metric.starts_with(name.substr(0, name.size() - 1)))
      return label + metric.substr(name.size() - 1);
  }
  return std::nullopt;
}

/// The curve, or its values pale under their running mean where there are many.
void add_curve(Chart& chart, const Series& curve, bool smooth) {
  if (!smooth || curve.x.size() < kSmoothFrom) {
    chart.series.push_back(curve);
    return;
  }
  const auto window = static_cast<int64_t>(curve.x.size() / 20);
  chart.series.push_back(curve);
  chart.series.back().faint = true;
  chart.series.push_back(running_mean(curve, window, fmt::format("mean of the last {} rows", window)));
}

}  // namespace

std::vector<Series> read_curves(const std::filesystem::path& metrics) {
  std::vector<Series> curves;
  for (const auto& [step, values] : read_metrics(metrics)) {
    for (const auto& [name, value] : values) {
      auto found = std::find_if(curves.begin(), curves.end(), [&](const Series& curve) { return curve.name == name; });
      if (found == curves.end()) found = curves.insert(curves.end(), Series{.name = name});
      found->x.push_back(static_cast<double>(step));
      found->y.push_back(value);
    }
  }
  if (curves.empty()) fail("{}: no row of metrics yet", metrics.string());
  return curves;
}

const Series* find_curve(const std::vector<Series>& curves, const std::string& name) {
  const auto found =
      std::find_if(curves.begin(), curves.end(), [&](const Series& curve) { return curve.name == name; });
  return found == curves.end() ? nullptr : &*found;
}

Html draw_curves(const std::vector<Series>& curves) {
  std::set<std::string> drawn;
  std::string judged, more;
  for (const auto& kind : chart_kinds()) {
    Chart chart{.title = kind.title, .x_label = "steps", .y_label = kind.unit, .caption = kind.caption};
    if (kind.baseline) chart.baseline = Level{0, kind.baseline};
    for (const auto& curve : curves) {
      const auto label = legend(kind, curve.name);
      if (!label) continue;
      drawn.insert(curve.name);
      Series named = curve;
      named.name = *label;
      add_curve(chart, named, curve.name == "loss");
    }
    if (!chart.series.empty()) judged += draw(chart).markup;
  }
  for (const auto& curve : curves)
    if (!drawn.contains(curve.name))
      more += draw(Chart{.title = curve.name, .x_label = "steps", .series = {curve}}).markup;
  std::string out = "<div class=\"charts\">\n" + judged + "</div>\n";
  if (!more.empty())
    out += "<details><summary>More curves</summary>\n<div class=\"charts\">\n" + more + "</div></details>\n";
  return {out};
}

}  // namespace foresee::report
