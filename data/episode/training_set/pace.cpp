#include "data/episode/training_set/pace.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"

namespace foresee::data {
namespace {

constexpr const char* kRate = "rows_per_second";
constexpr const char* kStep = "rows_per_step";
constexpr double kSameRate = 0.01;  // relative

/// A number of training_set.json; nothing where it is not there.
std::optional<double> pace_number(const nlohmann::json& training_set, const char* key) {
  if (!training_set.is_object() || !training_set.contains(key)) return std::nullopt;
  const nlohmann::json& value = training_set.at(key);
  if (!value.is_number() || value.get<double>() <= 0)
    fail<DataError>("training_set.json: {}: expected a number above 0", key);
  return value.get<double>();
}

}  // namespace

void say_pace(nlohmann::json& training_set, const EpisodeDataset& dataset, int64_t rows) {
  if (training_set.is_null())
    training_set = {{"factors", nlohmann::json::object()}, {"hold_out", nlohmann::json::array()}};
  training_set[kStep] = rows;
  if (const auto rate = dataset.rows_per_second()) training_set[kRate] = *rate;
}

std::optional<int64_t> rows_per_step(const nlohmann::json& training_set) {
  const auto rows = pace_number(training_set, kStep);
  return rows ? std::optional(std::llround(*rows)) : std::nullopt;
}

void require_pace(const nlohmann::json& training_set, const EpisodeDataset& dataset, const std::string& model) {
  const auto trained = pace_number(training_set, kRate), given = dataset.rows_per_second();
  if (!trained || !given || std::abs(*given - *trained) <= kSameRate * *trained) return;
  fail<DataError>(
      "the episodes have {:g} rows per second, {} was trained on episodes of {:g}: an action lasts another time there. "
      "Give episodes of that rate, or train on these",
      *given, model, *trained);
}

}  // namespace foresee::data
