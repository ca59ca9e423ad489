#include "data/episode/bounds.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "jepa/core/error.h"

namespace foresee::data {
namespace {

constexpr const char* kEndNames[] = {"episode_ends", "ep_ends", "traj_ends"};
constexpr const char* kLastNames[] = {"terminals", "terminal",    "timeouts",   "timeout",   "dones",      "done",
                                      "is_last",   "is_terminal", "terminated", "truncated", "episode_end"};
constexpr const char* kFirstNames[] = {"is_first", "episode_start"};

/// Which rows any of these columns marks; undefined where there is none. @param names  the columns that were found.
Tensor marked_rows(std::span<const char* const> columns, const ColumnLookup& column, int64_t rows, std::string& names) {
  Tensor marked;
  for (const char* name : columns) {
    Tensor values = column(name);
    if (!values.defined() || values.numel() != rows) continue;
    values = values.flatten().to(at::kDouble);
    if (!values.eq(0).logical_or(values.eq(1)).all().item<bool>()) continue;  // no marks
    marked = marked.defined() ? marked.logical_or(values.eq(1)) : values.eq(1);
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return marked;
}

EpisodeBounds bounds_to(std::span<const int64_t> ends, std::string column) {
  EpisodeBounds out;
  out.column = std::move(column);
  int64_t row = 0;
  for (const int64_t end : ends) {
    out.offsets.push_back(row);
    out.lengths.push_back(end - row);
    row = end;
  }
  return out;
}

}  // namespace

std::optional<std::vector<int64_t>> whole_numbers(const Tensor& values) {
  const Tensor flat = values.flatten(), whole = flat.to(at::kLong).contiguous();
  if (at::isFloatingType(flat.scalar_type()) && !at::equal(whole.to(at::kDouble), flat.to(at::kDouble))) return {};
  return std::vector<int64_t>(whole.const_data_ptr<int64_t>(), whole.const_data_ptr<int64_t>() + whole.numel());
}

EpisodeBounds bounds_of_runs(std::span<const int64_t> row_ids, std::span<const int64_t> steps,
                             const std::string& where) {
  EpisodeBounds out;
  for (size_t i = 0; i < row_ids.size(); ++i) {
    if (i == 0 || row_ids[i] != row_ids[i - 1]) {
      out.offsets.push_back(static_cast<int64_t>(i));
      out.lengths.push_back(0);
    }
    ++out.lengths.back();
  }
  std::map<int64_t, int64_t> seen;  // first row of each number
  for (const int64_t row : out.offsets) {
    const auto at = static_cast<size_t>(row);
    const auto [first, is_new] = seen.emplace(row_ids[at], row);
    if (!is_new && (at >= steps.size() || steps[at] != 0))
      fail<DataError>(
          "{}: the rows of episode {} lie apart (rows {} and {}): several environments were recorded side by side. "
          "Sort the rows by episode first",
          where, row_ids[at], first->second, row);
  }
  return out;
}

std::optional<EpisodeBounds> bounds_of_ends(const ColumnLookup& column, int64_t rows, const std::string& where) {
  for (const char* name : kEndNames) {
    const Tensor values = column(name);
    if (!values.defined()) continue;
    const auto ends = whole_numbers(values);
    if (!ends || ends->empty() || ends->front() < 0 || ends->back() != rows ||
        !std::is_sorted(ends->begin(), ends->end()))
      fail<DataError>("{}: '{}': expected the row behind each episode, rising to {}, the number of rows", where, name,
                      rows);
    return bounds_to(*ends, name);
  }
  std::string names;
  const Tensor firsts = marked_rows(kFirstNames, column, rows, names);
  const bool of_firsts = firsts.defined() && firsts.any().item<bool>();
  if (!of_firsts) names.clear();
  const Tensor marks = of_firsts ? firsts : marked_rows(kLastNames, column, rows, names);
  if (!marks.defined() || !marks.any().item<bool>()) return {};
  std::vector<int64_t> ends;
  const Tensor flags = marks.contiguous();
  const bool* const marked = flags.const_data_ptr<bool>();
  for (int64_t row = 1; row < rows; ++row)
    if (of_firsts ? marked[row] && !marked[row - 1] : marked[row - 1] && !marked[row]) ends.push_back(row);
  ends.push_back(rows);
  return bounds_to(ends, names);
}

int64_t total_rows(std::span<const int64_t> lengths, int64_t rows, const std::string& where) {
  int64_t sum = 0;
  for (size_t i = 0; i < lengths.size(); ++i)
    if (lengths[i] < 0 || lengths[i] > rows || __builtin_add_overflow(sum, lengths[i], &sum))
      fail<DataError>("{}: ep_len: episode {} has {} of {} rows", where, i, lengths[i], rows);
  return sum;
}

void check_bounds(std::span<const int64_t> lengths, std::span<const int64_t> offsets, int64_t rows,
                  const std::string& where) {
  std::vector<size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return offsets[a] < offsets[b]; });
  std::optional<size_t> before;
  for (const size_t i : order) {
    if (lengths[i] < 0 || offsets[i] < 0 || offsets[i] > rows || lengths[i] > rows - offsets[i])
      fail<DataError>("{}: episode {} has rows {}.. + {} of {}", where, i, offsets[i], lengths[i], rows);
    if (lengths[i] == 0) continue;
    if (before && offsets[i] < offsets[*before] + lengths[*before])
      fail<DataError>("{}: episodes {} and {} overlap (ep_offset, ep_len): rows {}.. + {} and {}.. + {}", where,
                      *before, i, offsets[*before], lengths[*before], offsets[i], lengths[i]);
    before = i;
  }
}

void check_row_ids(std::span<const int64_t> lengths, std::span<const int64_t> offsets, std::span<const int64_t> row_ids,
                   const std::string& where) {
  for (size_t i = 0; i < lengths.size(); ++i) {
    const auto first = static_cast<size_t>(offsets[i]);
    for (size_t row = first; row < first + static_cast<size_t>(lengths[i]) && row < row_ids.size(); ++row)
      if (row_ids[row] != row_ids[first])
        fail<DataError>("{}: episode {} (rows {}.. + {} by ep_offset and ep_len) mixes episodes {} and {} of ep_idx",
                        where, i, offsets[i], lengths[i], row_ids[first], row_ids[row]);
  }
}

}  // namespace foresee::data
