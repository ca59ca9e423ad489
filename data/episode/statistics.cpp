// Statistics of an EpisodeDataset's columns.
#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <cmath>

#include "data/episode/dataset.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"

namespace foresee::data {
namespace {

constexpr double kMostShift = 3, kMostRatio = 5;  // of require_actions_fit

/// double [rows, D] of a split, without rows that hold a NaN.
Tensor finite_rows(const EpisodeDataset& dataset, const std::string& column, Split split) {
  std::vector<Tensor> rows;
  for (const int64_t e : dataset.episodes_of(split))
    rows.push_back(dataset.column(e, column, 0, dataset.length(e)).reshape({dataset.length(e), -1}));
  if (rows.empty()) fail<DataError>("no episode to take the mean of '{}' over", column);
  Tensor all = at::cat(rows).to(at::kDouble);
  all = all.index({at::isfinite(all).all(/*dim=*/1)});
  if (all.size(0) == 0) fail<DataError>("column '{}' holds no row of numbers", column);
  return all;
}

std::vector<double> list(const Tensor& values) {
  const Tensor plain = values.contiguous();
  return {plain.const_data_ptr<double>(), plain.const_data_ptr<double>() + plain.numel()};
}

/// Refuses actions of which one number is so large that all others would be the same beside it.
void require_no_outlier(const Tensor& all) {
  constexpr double kMostRanges = 1e4;  // of the middle 90 %
  const Tensor sorted = std::get<0>(all.sort(0));
  const auto at = [&](double share, int64_t d) {
    return sorted[static_cast<int64_t>(share * static_cast<double>(all.size(0) - 1) + 0.5)][d].item<double>();
  };
  for (int64_t d = 0; d < all.size(1); ++d) {
    const double low = at(0.05, d), high = at(0.95, d), range = std::max(high - low, 1e-6);
    for (const double value : {at(0, d), at(1, d)})
      if (high > low && std::abs(value - at(0.5, d)) > kMostRanges * range)
        fail<DataError>(
            "actions: number {} is {:.6g} once, and nine tenths of its values lie in [{:.6g}, {:.6g}]: no action would "
            "count "
            "beside it. Mend the row, or cut such values off with actions=percentile",
            d, value, low, high);
  }
}

/// The value below which a share of the rows lies, between rows as numpy.percentile.
Tensor percentile(const Tensor& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size(0) - 1);
  const auto low = static_cast<int64_t>(at), high = std::min(low + 1, sorted.size(0) - 1);
  return sorted[low].lerp(sorted[high], at - static_cast<double>(low));
}

}  // namespace

ColumnStatistics EpisodeDataset::statistics(const std::string& column, Split split) const {
  const Tensor all = finite_rows(*this, column, split);
  return {list(all.mean(0)), list(all.std(0, /*unbiased=*/false))};
}

ActionSpec EpisodeDataset::action_spec(int64_t block, ActionScaling scaling) const {
  if (action_size() == 0) fail<DataError>("these episodes hold no column 'action'");
  ActionSpec spec{.size = action_size(), .block = block, .low = {}, .high = {}, .mean = {}, .std = {}};
  const Tensor all = finite_rows(*this, "action", Split::kTrain);
  spec.low = list(std::get<0>(all.min(0)));
  spec.high = list(std::get<0>(all.max(0)));
  if (scaling == ActionScaling::kNone) return spec;
  if (scaling == ActionScaling::kPercentile) {
    const Tensor sorted = std::get<0>(all.sort(0));
    const Tensor low = percentile(sorted, 0.01), high = percentile(sorted, 0.99);
    const int64_t beyond = all.lt(low).logical_or(all.gt(high)).sum().item<int64_t>();
    if (beyond > 0)
      log_info("actions: {} of {} numbers lie outside the 1st and 99th percentile and are cut to them", beyond,
               all.numel());
    spec.mean = list((low + high) / 2);
    spec.std = list((high - low) / 2);
    spec.low = list(low);
    spec.high = list(high);
    spec.clip = true;
  } else {
    require_no_outlier(all);
    spec.mean = list(all.mean(0));
    spec.std = list(all.std(0, /*unbiased=*/false));
  }
  for (auto& deviation : spec.std)
    if (deviation == 0) deviation = 1;  // a component that never moves
  return spec;
}

void require_actions_fit(const ActionSpec& spec, const EpisodeDataset& dataset, const std::string& model) {
  if (dataset.action_size() != spec.size)
    fail<DataError>("the episodes' actions have {} numbers, those of {} have {}", dataset.action_size(), model,
                    spec.size);
  if (spec.mean.empty() || spec.std.empty()) return;
  const ColumnStatistics data = dataset.statistics("action", Split::kAll);
  for (size_t i = 0; i < data.mean.size(); ++i) {
    const double shift = std::abs(data.mean[i] - spec.mean[i]) / spec.std[i], ratio = data.std[i] / spec.std[i];
    const bool wide =
        spec.clip ? ratio > kMostRatio : data.std[i] > 0 && (ratio > kMostRatio || ratio < 1 / kMostRatio);
    if (shift > kMostShift || wide)
      fail<DataError>(
          "the episodes' actions have mean ({:.4g}) and standard deviation ({:.4g}); {} was trained on mean ({:.4g}) "
          "and "
          "{} ({:.4g}). Number {} does not fit: are the actions normalised already, or in other units?",
          fmt::join(data.mean, ", "), fmt::join(data.std, ", "), model, fmt::join(spec.mean, ", "),
          spec.clip ? "half range" : "standard deviation", fmt::join(spec.std, ", "), i);
  }
}

}  // namespace foresee::data
