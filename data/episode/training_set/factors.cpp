#include "data/episode/training_set/factors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "data/episode/training_set/contents.h"
#include "jepa/core/error.h"
#include "jepa/core/files/json.h"
#include "jepa/core/text/factor_spec.h"

namespace foresee::data {
namespace {

constexpr size_t kMostValues = 64;
constexpr size_t kEpisodesPerValue = 3;
constexpr double kSame = 1e-4;  // columns are float32

bool same(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](double x, double y) { return std::abs(x - y) <= kSame; });
}

std::vector<double> first_row(const EpisodeDataset& dataset, int64_t episode, const std::string& column) {
  const Tensor row = dataset.column(episode, column, 0, 1).to(at::kDouble).reshape({-1}).contiguous();
  const double* const first = row.const_data_ptr<double>();
  return {first, first + row.numel()};
}

}  // namespace

nlohmann::json training_set_json(const EpisodeDataset& dataset, const std::vector<std::string>& hold_out) {
  const std::string prefix = factor_column("");
  const auto episodes = dataset.episodes_of(Split::kTrain);
  nlohmann::json factors = nlohmann::json::object();
  for (const auto& column : dataset.columns()) {
    if (!column.starts_with(prefix)) continue;
    std::set<std::vector<double>> values;
    std::vector<double> low, high;
    for (const int64_t episode : episodes) {
      if (dataset.length(episode) == 0) continue;
      const std::vector<double> value = first_row(dataset, episode, column);
      values.insert(value);
      if (low.empty()) low = high = value;
      for (size_t i = 0; i < value.size(); ++i) {
        low[i] = std::min(low[i], value[i]);
        high[i] = std::max(high[i], value[i]);
      }
    }
    if (low.empty()) continue;
    nlohmann::json& factor = factors[column.substr(prefix.size())];
    factor = {{"low", low}, {"high", high}};
    if (values.size() <= kMostValues && values.size() * kEpisodesPerValue <= episodes.size()) factor["values"] = values;
  }
  nlohmann::json out = contents_json(dataset, Split::kTrain);
  if (factors.empty() && out.is_null()) return nullptr;
  out["factors"] = factors;
  out["hold_out"] = hold_out;
  return out;
}

nlohmann::json joined_training_sets(const nlohmann::json& a, const nlohmann::json& b) {
  if (!a.is_object() || !b.is_object()) return nullptr;
  nlohmann::json out = a, factors = nlohmann::json::object();
  join_contents(out, b);
  for (const auto& [key, value] : b.at("factors").items()) {
    const nlohmann::json& other = value;  // clang: a lambda does not capture parts of a binding
    if (!a.at("factors").contains(key)) continue;
    nlohmann::json& factor = factors[key] = a["factors"][key];
    const auto ends = [&](const char* name) {
      return std::pair{factor.at(name).get<std::vector<double>>(), other.at(name).get<std::vector<double>>()};
    };
    auto [low, other_low] = ends("low");
    auto [high, other_high] = ends("high");
    if (low.size() != other_low.size() || high.size() != other_high.size())
      fail<DataError>("factor '{}' has {} numbers in one set of episodes and {} in another", key, low.size(),
                      other_low.size());
    for (size_t i = 0; i < low.size(); ++i) {
      low[i] = std::min(low[i], other_low[i]);
      high[i] = std::max(high[i], other_high[i]);
    }
    factor["low"] = low;
    factor["high"] = high;
    if (!factor.contains("values") || !other.contains("values")) {
      factor.erase("values");
      continue;
    }
    auto values = factor["values"].get<std::set<std::vector<double>>>();
    values.merge(other["values"].get<std::set<std::vector<double>>>());
    factor["values"] = values;
  }
  if (factors.empty() && !out.contains("episodes")) return nullptr;
  auto held = held_out_factors(a);
  for (const auto& text : held_out_factors(b))
    if (std::find(held.begin(), held.end(), text) == held.end()) held.push_back(text);
  out["factors"] = factors;
  out["hold_out"] = held;
  return out;
}

std::vector<std::string> held_out_factors(const nlohmann::json& training_set) {
  if (!training_set.is_object() || !training_set.contains("hold_out")) return {};
  return JsonView(training_set, "training_set.json").texts("hold_out");
}

FactorPlace factor_place(const nlohmann::json& training_set, const std::string& key, const std::vector<double>& value) {
  if (!training_set.is_object() || !training_set.contains("factors") || !training_set["factors"].contains(key))
    return FactorPlace::kUnknown;
  const nlohmann::json& factor = training_set["factors"][key];
  std::vector<double> low, high;
  std::vector<std::vector<double>> values;
  try {
    low = factor.at("low").get<std::vector<double>>();
    high = factor.at("high").get<std::vector<double>>();
    if (factor.contains("values")) values = factor["values"].get<std::vector<std::vector<double>>>();
  } catch (const nlohmann::json::exception&) {
    fail<DataError>("training_set.json: factor '{}': expected lists of numbers low, high and values", key);
  }
  if (low.size() != value.size() || high.size() != value.size())
    fail<DataError>("training_set.json: factor '{}' has {} numbers, the value has {}", key, low.size(), value.size());
  for (size_t i = 0; i < value.size(); ++i)
    if (value[i] < low[i] - kSame || value[i] > high[i] + kSame) return FactorPlace::kExtrapolated;
  if (!values.empty()) {
    const bool trained = std::any_of(values.begin(), values.end(), [&](const auto& one) { return same(one, value); });
    return trained ? FactorPlace::kTrained : FactorPlace::kInterpolated;
  }
  for (const auto& text : held_out_factors(training_set)) {
    const FactorSpec spec = parse_factor_spec(text, "training_set.json");
    if (spec.key == key && spec.holds(value)) return FactorPlace::kInterpolated;
  }
  return FactorPlace::kTrained;
}

}  // namespace foresee::data
