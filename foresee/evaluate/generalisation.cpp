#include "foresee/evaluate/generalisation.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/statistics/proportions.h"
#include "jepa/core/text/factor_spec.h"
#include "jepa/io/model_folder.h"
#include "planner/env/factor_draw.h"

namespace foresee {
namespace {

using data::FactorPlace;

constexpr std::array<const char*, 3> kPlaces{"trained", "interpolated", "extrapolated"};

std::string name_of_place(FactorPlace place) {
  return place == FactorPlace::kUnknown ? "" : kPlaces[static_cast<size_t>(place) - 1];
}

/// A factor as one of training_set.json: single numbers are its values; with a range, all that lies in it.
nlohmann::json factor_of(const FactorSpec& spec) {
  std::vector<double> low, high;
  std::vector<std::vector<double>> values;
  bool ranges = false;
  for (const FactorOption& option : spec.options) {
    std::vector<double> from, to;
    for (const FactorInterval& interval : option.numbers) {
      from.push_back(interval.low);
      to.push_back(interval.high);
      ranges = ranges || interval.low < interval.high;
    }
    if (low.empty()) low = from, high = to;
    if (from.empty() || from.size() != low.size())
      fail<ConfigError>("eval: trained: '{}': expected numbers, as many in each option", spec.key);
    for (size_t i = 0; i < from.size(); ++i) {
      low[i] = std::min(low[i], from[i]);
      high[i] = std::max(high[i], to[i]);
    }
    values.push_back(from);
  }
  if (low.empty()) fail<ConfigError>("eval: trained: '{}': expected numbers", spec.key);
  nlohmann::json factor{{"low", low}, {"high", high}};
  if (!ranges) factor["values"] = values;
  return factor;
}

/// The same for a factor of `numbers` numbers: one number stands for each.
nlohmann::json repeated(nlohmann::json factor, size_t numbers) {
  const auto repeat = [&](nlohmann::json& list) {
    if (list.size() == 1 && numbers > 1) list = nlohmann::json(numbers, list.front());
  };
  repeat(factor["low"]);
  repeat(factor["high"]);
  if (factor.contains("values"))
    for (auto& value : factor["values"]) repeat(value);
  return factor;
}

FactorPlace place_of(nlohmann::json training_set, const std::string& key, const std::vector<double>& value) {
  if (auto& factors = training_set["factors"]; factors.contains(key))
    factors[key] = repeated(factors[key], value.size());
  return data::factor_place(training_set, key, value);
}

}  // namespace

nlohmann::json training_set_of(const std::filesystem::path& model) {
  if (model.empty()) return nullptr;
  const std::filesystem::path place = own_folder_of(model);
  const std::filesystem::path folder = std::filesystem::is_directory(place) ? resolve_model_folder(place) : place;
  const auto file = folder / "training_set.json";
  return std::filesystem::exists(file) ? read_json(file) : nlohmann::json();
}

TrainedFactors::TrainedFactors(const std::filesystem::path& model, const std::vector<std::string>& trained)
    : training_set_(training_set_of(model)) {
  for (const auto& text : trained) {
    const FactorSpec spec = parse_factor_spec(text, "eval: trained");
    training_set_["factors"][spec.key] = factor_of(spec);
  }
}

std::string TrainedFactors::place(const std::string& key, const std::string& value) const {
  if (!training_set_.is_object() || !training_set_.contains("factors") || !training_set_["factors"].contains(key))
    return "";
  return name_of_place(place_of(training_set_, key, planner::factor_value(key, value, {})));
}

void TrainedFactors::count(const planner::EvalResult& result, const std::string& place) {
  const planner::MethodResult* const planned = result.planner();
  if (planned == nullptr || !training_set_.is_object()) return;
  const auto same_for_all = std::find(kPlaces.begin(), kPlaces.end(), place);
  for (const planner::Trial& trial : planned->trials) {
    auto furthest = FactorPlace::kUnknown;
    if (same_for_all != kPlaces.end()) {
      furthest = static_cast<FactorPlace>(same_for_all - kPlaces.begin() + 1);
    } else {
      for (const auto& [key, value] : result.starts.starts[static_cast<size_t>(trial.start)].factors)
        furthest = std::max(furthest, place_of(training_set_, key, value));
    }
    if (furthest == FactorPlace::kUnknown) continue;
    Count& count = counts_[static_cast<size_t>(furthest) - 1];
    ++count.n;
    count.successes += trial.success;
  }
}

std::optional<Generalisation> TrainedFactors::generalisation() const {
  Generalisation found;
  for (size_t i = 0; i < kPlaces.size(); ++i) {
    if (counts_[i].n == 0) continue;
    const SuccessRate rate = success_rate(counts_[i].successes, counts_[i].n);
    found.pools.push_back({kPlaces[i], rate.rate, rate.low, rate.high, rate.n});
  }
  if (found.pools.empty()) return std::nullopt;
  const Count outside{counts_[1].successes + counts_[2].successes, counts_[1].n + counts_[2].n};
  if (counts_[0].n == 0 || outside.n == 0) return found;
  const double inside = success_rate(counts_[0].successes, counts_[0].n).low;
  const double elsewhere = success_rate(outside.successes, outside.n).high;
  found.memorised = inside > elsewhere;
  if (found.memorised)
    found.flags.push_back(
        {"memorised world", inside, elsewhere,
         fmt::format("success on trained values is at least {:.1f} %, on others at most {:.1f} %: the model knows this "
                     "world, not worlds like it",
                     100 * inside, 100 * elsewhere)});
  return found;
}

}  // namespace foresee
