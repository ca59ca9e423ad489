#include "foresee/evaluate/surprise/judged_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <tuple>

#include "data/picture/image.h"
#include "jepa/core/files/file.h"
#include "planner/eval/surprise/pair_strip.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

PairAccuracy accuracy_of(const SuccessRate& rate) { return {rate.rate, rate.low, rate.high, rate.n}; }

PairAccuracy pooled(const PairAccuracy& a, const PairAccuracy& b) {
  const auto right = [](const PairAccuracy& part) {
    return static_cast<int64_t>(part.accuracy * static_cast<double>(part.n) + 0.5);
  };
  return accuracy_of(success_rate(right(a) + right(b), a.n + b.n));
}

/// Of one set.
SurpriseEvaluation::Kind kind_of(const JudgedPairs& judged) {
  const auto& [rates, curve, pairs] = judged.scores;
  SurpriseEvaluation::Kind out{.kind = judged.set.kind,
                               .model = accuracy_of(rates.surprise),
                               .pixels = accuracy_of(rates.pixels),
                               .latent_change = accuracy_of(rates.latent_change)};
  if (judged.set.distance_px > 0) out.distances.emplace_back(judged.set.distance_px, out.model);
  for (size_t i = 0; i < curve.offsets.size(); ++i)
    out.curve.push_back({curve.offsets[i], curve.changed[i], curve.unchanged[i]});
  return out;
}

/// Sets of one kind have as many pairs each, and curves over the same offsets.
void pool_into(SurpriseEvaluation::Kind& kind, const SurpriseEvaluation::Kind& more) {
  kind.model = pooled(kind.model, more.model);
  kind.pixels = pooled(kind.pixels, more.pixels);
  kind.latent_change = pooled(kind.latent_change, more.latent_change);
  kind.distances.insert(kind.distances.end(), more.distances.begin(), more.distances.end());
  const auto share = 1 / static_cast<double>(kind.distances.size());
  for (size_t i = 0; i < kind.curve.size(); ++i) {
    kind.curve[i].changed += share * (more.curve[i].changed - kind.curve[i].changed);
    kind.curve[i].unchanged += share * (more.curve[i].unchanged - kind.curve[i].unchanged);
  }
}

/// A kind's name as part of a file's name.
std::string file_word(const std::string& kind) {
  std::string out = kind.substr(0, 40);
  for (char& c : out)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return out;
}

struct ShownPair {
  size_t set = 0, pair = 0;
};

/// Pairs in the order in which they are shown.
std::vector<ShownPair> shown_pairs(const std::vector<JudgedPairs>& judged, int64_t count) {
  std::vector<std::tuple<bool, size_t, size_t, size_t>> order;  // told, turn, set, pair
  for (size_t set = 0; set < judged.size(); ++set) {
    size_t turns[2]{};
    const auto& pairs = judged[set].scores.pairs;
    for (size_t pair = 0; pair < pairs.size(); ++pair) {
      const bool found = pairs[pair].found;
      order.emplace_back(found, turns[found ? 1 : 0]++, set, pair);
    }
  }
  std::sort(order.begin(), order.end());
  order.resize(std::min(order.size(), static_cast<size_t>(count)));
  std::vector<ShownPair> out;
  for (const auto& [found, turn, set, pair] : order) out.push_back({set, pair});
  return out;
}

}  // namespace

std::vector<SurpriseEvaluation::Kind> kinds_of(const std::vector<JudgedPairs>& judged) {
  std::vector<SurpriseEvaluation::Kind> kinds;
  for (const JudgedPairs& set : judged) {
    const SurpriseEvaluation::Kind kind = kind_of(set);
    if (kinds.empty() || kinds.back().kind != kind.kind)
      kinds.push_back(kind);
    else
      pool_into(kinds.back(), kind);
  }
  return kinds;
}

ordered_json pairs_json(const std::vector<JudgedPairs>& judged) {
  ordered_json rows = ordered_json::array();
  for (const auto& [set, scores] : judged)
    for (size_t i = 0; i < scores.pairs.size(); ++i) {
      ordered_json row{{"kind", set.kind}};
      if (set.distance_px > 0) row["distance"] = set.distance_px;
      row["pair"] = i;
      row["found"] = scores.pairs[i].found;
      row["changed"] = scores.pairs[i].changed;
      row["unchanged"] = scores.pairs[i].unchanged;
      rows.push_back(std::move(row));
    }
  return rows;
}

std::vector<fs::path> write_pair_strips(const fs::path& folder, const std::vector<JudgedPairs>& judged,
                                        const planner::Witness& witness, int64_t strips) {
  std::vector<fs::path> files;
  for (const ShownPair& shown : shown_pairs(judged, strips)) {
    const auto& [set, scores] = judged[shown.set];
    const planner::PairScores& pair = scores.pairs[shown.pair];
    const std::string distance = set.distance_px > 0 ? fmt::format("_{}px", set.distance_px) : "";
    files.push_back(fmt::format("strips/{}{}_{:03d}_{}.png", file_word(set.kind), distance, shown.pair,
                                pair.found ? "success" : "failure"));
    fs::create_directories(folder / "strips");
    const auto png = data::encode_png(planner::pair_strip(set.pair(static_cast<int64_t>(shown.pair)), pair, witness),
                                      /*small=*/true);
    write_file(folder / files.back(), std::string(png.begin(), png.end()));
  }
  return files;
}

}  // namespace foresee
