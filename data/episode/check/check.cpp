#include "data/episode/check/check.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "jepa/core/error.h"
#include "jepa/core/files/hash.h"

namespace foresee::data {
namespace {

constexpr int64_t kMostNumbers = 256;       // of a row; larger columns are not looked at
constexpr double kOutlierRanges = 20;       // of the middle 90 %
constexpr double kOutlierOfConstant = 1e6;  // times what a column that hardly moves holds

/// Names of columns that a model learns from.
bool is_learned(const std::string& name) { return name == "action" || name == "state" || name == "proprio"; }

/// Where each row of all lies.
struct Places {
  const EpisodeSource& source;
  std::vector<int64_t> first;  // row of each episode

  explicit Places(const EpisodeSource& in) : source(in) {
    int64_t row = 0;
    for (const int64_t length : in.info().lengths) {
      first.push_back(row);
      row += length;
    }
  }
  std::pair<int64_t, int64_t> of(int64_t row) const {  // episode, row there
    const auto episode = std::upper_bound(first.begin(), first.end(), row) - first.begin() - 1;
    return {episode, row - first[static_cast<size_t>(episode)]};
  }
  /// True for the last row of every episode.
  Tensor last_rows(int64_t rows) const {
    Tensor out = at::zeros({rows}, at::kBool);
    for (size_t e = 0; e < first.size(); ++e) out[first[e] + source.info().lengths[e] - 1] = true;
    return out;
  }
};

class ColumnCheck {
 public:
  ColumnCheck(const Places& places, std::string name, std::vector<Finding>& out)
      : places_(places), name_(std::move(name)), out_(out) {}

  /// @param values  [rows, ...], as stored.
  void run(const Tensor& values) {
    const Tensor rows = values.reshape({values.size(0), -1}).to(at::kDouble);  // [rows, D]
    if (at::isFloatingType(values.scalar_type())) not_finite(rows);
    for (int64_t d = 0; d < rows.size(1); ++d) number(rows.select(1, d), d, rows.size(1));
    if (is_learned(name_) && rows.size(0) > 1) constant(rows);
  }

 private:
  Finding& add(const std::string& kind, int64_t row, int64_t count) {
    const auto [episode, inside] = places_.of(row);
    out_.push_back({kind,
                    places_.source.path().string(),
                    places_.source.info().names[static_cast<size_t>(episode)],
                    name_,
                    inside,
                    count,
                    {}});
    return out_.back();
  }

  void not_finite(const Tensor& rows) {
    const Tensor infinite = rows.isinf().any(1);
    Tensor nan = rows.isnan().any(1);
    nan = nan.logical_and(places_.last_rows(rows.size(0)).logical_not());
    using Kind = std::pair<const char*, Tensor>;
    for (const auto& [kind, bad] : {Kind{"nan", nan}, Kind{"infinity", infinite}}) {
      const int64_t count = bad.sum().item<int64_t>();
      if (count == 0) continue;
      Finding& finding = add(kind, bad.to(at::kLong).argmax().item<int64_t>(), count);
      const Tensor first = rows[bad.to(at::kLong).argmax().item<int64_t>()];
      const int64_t number =
          (finding.kind == "nan" ? first.isnan() : first.isinf()).to(at::kLong).argmax().item<int64_t>();
      finding.text = fmt::format("'{}'{} holds {} in {} row{}, first in row {} of {}", name_,
                                 rows.size(1) == 1 ? std::string() : fmt::format(" [{}]", number),
                                 finding.kind == "nan" ? "NaN inside an episode" : "infinity", count,
                                 count == 1 ? "" : "s", *finding.row, finding.episode);
    }
  }

  void number(const Tensor& values, int64_t d, int64_t of) {
    const Tensor finite = values.masked_select(values.isfinite());
    if (finite.size(0) < 3) return;
    const Tensor sorted = std::get<0>(finite.sort());
    const auto at = [&](double share) {
      return sorted[static_cast<int64_t>(share * static_cast<double>(finite.size(0) - 1) + 0.5)].item<double>();
    };
    const double low = at(0.05), middle = at(0.5), high = at(0.95);
    double most = kOutlierRanges * (high - low);
    if (high == low) most = kOutlierOfConstant * std::max(1.0, std::abs(middle));
    const Tensor far = (values - middle).abs().gt(most).logical_and(values.isfinite());
    const int64_t count = far.sum().item<int64_t>();
    if (count == 0) return;
    const int64_t row = far.to(at::kLong).argmax().item<int64_t>();
    Finding& finding = add("outlier", row, count);
    finding.text =
        fmt::format("'{}'{} holds {:.6g} in row {} of {}{}; nine tenths of its values lie in [{:.6g}, {:.6g}]", name_,
                    of == 1 ? std::string() : fmt::format("[{}]", d), values[row].item<double>(), *finding.row,
                    finding.episode, count == 1 ? std::string() : fmt::format(" (and {} more)", count - 1), low, high);
  }

  void constant(const Tensor& rows) {
    std::vector<std::string> still;
    int64_t count = 0;
    for (int64_t d = 0; d < rows.size(1); ++d) {
      const Tensor finite = rows.select(1, d).masked_select(rows.select(1, d).isfinite());
      if (finite.size(0) < 2 || finite.min().item<double>() != finite.max().item<double>()) continue;
      ++count;
      still.push_back(fmt::format("{} (always {:.6g})", d, finite[0].item<double>()));
    }
    if (count == 0) return;
    out_.push_back({"constant",
                    places_.source.path().string(),
                    {},
                    name_,
                    {},
                    count,
                    count == rows.size(1)
                        ? fmt::format("'{}' never changes", name_)
                        : fmt::format("'{}': numbers {} never change", name_, fmt::join(still, ", "))});
  }

  const Places& places_;
  std::string name_;
  std::vector<Finding>& out_;
};

void check_ids(const EpisodeSource& source, std::vector<Finding>& out) {
  std::map<uint64_t, size_t> seen;
  for (size_t e = 0; e < source.info().ids.size(); ++e) {
    const auto [first, is_new] = seen.emplace(source.info().ids[e], e);
    if (is_new) continue;
    out.push_back({"same_id",
                   source.path().string(),
                   source.info().names[e],
                   {},
                   {},
                   1,
                   fmt::format("{} and {} have the same number, {}", source.info().names[first->second],
                               source.info().names[e], source.info().ids[e])});
  }
}

/// Sums over what an episode's learned columns hold: the same for the same episode.
std::string fingerprint(const std::map<std::string, Tensor>& columns, int64_t first, int64_t length) {
  uint64_t hash = hash_words(&length, sizeof(length));
  for (const auto& [name, values] : columns) {
    const Tensor rows = values.narrow(0, first, length).to(at::kDouble).nan_to_num(0.0).contiguous();
    hash = hash_words(rows.const_data_ptr(), rows.nbytes(), hash);
  }
  return fmt::format("{:016x}", hash);
}

struct Seen {
  const EpisodeSource* source;
  int64_t episode;
};

/// First and last picture agree.
bool same_pictures(const Seen& a, const Seen& b) {
  if (!a.source->has("pixels") || !b.source->has("pixels")) return true;
  try {
    const int64_t last = a.source->length(a.episode) - 1;
    for (const int64_t row : {int64_t{0}, last})
      if (!at::equal(a.source->read(a.episode, "pixels", row, 1), b.source->read(b.episode, "pixels", row, 1)))
        return false;
    return true;
  } catch (const DataError&) {
    return false;
  }
}

}  // namespace

const std::vector<std::string>& finding_kinds() {
  static const std::vector<std::string> kinds{
      "left_out",   "damaged",     "unread",     "rows_outside",  "same_id",     "nan",     "infinity",
      "outlier",    "constant",    "duplicate",  "millimetres",   "degrees",     "gripper", "quaternion",
      "state_size", "angle_wraps", "normalised", "scales_differ", "action_units"};
  return kinds;
}

std::vector<Finding> check_source(const EpisodeSource& source, const StateReading& reading) {
  const EpisodeSource* const one[] = {&source};
  return check_sources(one, reading);
}

std::vector<Finding> check_sources(std::span<const EpisodeSource* const> sources, const StateReading& reading) {
  constexpr size_t kNamedDuplicates = 20;
  std::vector<Finding> out;
  std::map<std::string, Seen> seen;
  size_t duplicates = 0;
  for (const EpisodeSource* source : sources) {
    const SourceInfo& info = source->info();
    for (const auto& broken : info.left_out)
      out.push_back({"left_out",
                     source->path().string(),
                     broken.what,
                     {},
                     {},
                     1,
                     fmt::format("{} is left out: {}", broken.what, broken.reason)});
    for (const auto& column : info.unread)
      if (is_learned(column.name) || (column.name == "pixels" && !source->has("pixels")))
        out.push_back({"unread",
                       source->path().string(),
                       {},
                       column.name,
                       {},
                       1,
                       fmt::format("'{}' cannot be read: {}", column.name, column.reason)});
    for (const auto& flaw : info.flaws) out.push_back({"rows_outside", source->path().string(), {}, {}, {}, 1, flaw});
    check_ids(*source, out);
    const Places places(*source);
    std::map<std::string, Tensor> learned;
    for (const auto& column : info.columns) {
      if (column.picture() || column.numbers() > kMostNumbers || column.numbers() == 0) continue;
      const Tensor values = source->read_all(column.name);
      if (is_learned(column.name)) learned[column.name] = values;
      ColumnCheck(places, column.name, out).run(values);
    }
    check_units(*source, reading, out);
    if (learned.empty()) continue;
    for (int64_t e = 0; e < source->episodes(); ++e) {
      const Seen here{source, e};
      const auto [first, is_new] =
          seen.emplace(fingerprint(learned, places.first[static_cast<size_t>(e)], source->length(e)), here);
      if (is_new || !same_pictures(first->second, here) || ++duplicates > kNamedDuplicates) continue;
      const Seen& other = first->second;
      out.push_back(
          {"duplicate",
           source->path().string(),
           info.names[static_cast<size_t>(e)],
           {},
           {},
           1,
           fmt::format("{} holds what {} of {} holds", info.names[static_cast<size_t>(e)],
                       other.source->info().names[static_cast<size_t>(other.episode)], other.source->path().string())});
    }
  }
  check_scales(sources, out);
  return out;
}

}  // namespace foresee::data
