#include "data/episode/lerobot/feature_statistics.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "jepa/core/error.h"

namespace foresee::data {
namespace {

constexpr std::pair<const char*, double> kQuantiles[] = {
    {"q01", 0.01}, {"q10", 0.1}, {"q50", 0.5}, {"q90", 0.9}, {"q99", 0.99}};

/// Over the first axis of double [T, D].
FeatureStatistics of_rows(const Tensor& rows, at::IntArrayRef shape) {
  FeatureStatistics out{
      {"min", rows.amin(0)}, {"max", rows.amax(0)}, {"mean", rows.mean(0)}, {"std", rows.std(0, /*unbiased=*/false)}};
  const Tensor sorted = std::get<0>(rows.sort(0));
  for (const auto& [name, q] : kQuantiles) {  // linear, as numpy; at::quantile refuses more than 16 million numbers
    const double at = q * static_cast<double>(rows.size(0) - 1);
    const auto low = static_cast<int64_t>(at), high = std::min(low + 1, rows.size(0) - 1);
    out[name] = sorted[low].lerp(sorted[high], at - static_cast<double>(low));
  }
  for (auto& [name, values] : out) values = values.reshape(shape).contiguous();
  return out;
}

nlohmann::ordered_json nested(const Tensor& values) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (int64_t i = 0; i < values.size(0); ++i) {
    if (values.dim() > 1)
      out.push_back(nested(values[i]));
    else if (values.scalar_type() == at::kLong)
      out.push_back(values[i].item<int64_t>());
    else
      out.push_back(values[i].item<double>());
  }
  return out;
}

}  // namespace

FeatureStatistics feature_statistics(const Tensor& values) {
  FORESEE_CHECK(values.dim() >= 1 && values.size(0) > 0, "expected rows [T, ...], got {}", foresee::describe(values));
  const Tensor rows = values.dim() == 1 ? values.unsqueeze(1) : values;
  FeatureStatistics out = of_rows(rows.reshape({rows.size(0), -1}).to(at::kDouble), rows.sizes().slice(1));
  out["count"] = at::full({1}, values.size(0), at::kLong);
  return out;
}

FeatureStatistics picture_statistics(const Tensor& pictures, int64_t frames) {
  const int64_t length = pictures.size(0), taken = std::min(length, frames);
  FORESEE_CHECK(taken > 0, "expected pictures, got {}", foresee::describe(pictures));
  std::vector<Tensor> chosen;
  for (int64_t i = 0; i < taken; ++i) chosen.push_back(pictures[i * length / taken]);
  // At most some 10,000 pixels of each: their statistics are read to three digits.
  const int64_t stride = std::max<int64_t>(1, pictures.size(1) * pictures.size(2) / 10000);
  const Tensor pixels = at::stack(chosen).reshape({-1, 3}).slice(0, 0, c10::nullopt, stride).to(at::kDouble) / 255;
  FeatureStatistics out = of_rows(pixels, {3, 1, 1});
  out["count"] = at::full({1}, taken, at::kLong);
  return out;
}

FeatureStatistics merge_statistics(const std::vector<FeatureStatistics>& parts) {
  const TensorMap all = stack_statistics(parts);
  const Tensor counts = all.at("count").to(at::kDouble).flatten();
  Tensor weight = counts / counts.sum();
  while (weight.dim() < all.at("mean").dim()) weight = weight.unsqueeze(-1);
  FeatureStatistics out{
      {"min", all.at("min").amin(0)}, {"max", all.at("max").amax(0)}, {"mean", (all.at("mean") * weight).sum(0)}};
  const Tensor square = ((all.at("std").square() + (all.at("mean") - out.at("mean")).square()) * weight).sum(0);
  out["std"] = square.sqrt();
  for (const auto& [name, q] : kQuantiles) out[name] = (all.at(name) * weight).sum(0);
  out["count"] = all.at("count").sum(0);
  return out;
}

TensorMap stack_statistics(const std::vector<FeatureStatistics>& parts) {
  TensorMap out;
  for (const auto& [name, first] : parts.at(0)) {
    std::vector<Tensor> rows;
    for (const auto& part : parts) rows.push_back(part.at(name));
    out[name] = at::stack(rows);
  }
  return out;
}

nlohmann::ordered_json statistics_json(const FeatureStatistics& statistics) {
  nlohmann::ordered_json out;
  for (const auto& [name, values] : statistics) out[name] = nested(values);
  return out;
}

}  // namespace foresee::data
