#include "data/episode/bounds.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

#include "jepa/core/error.h"

namespace foresee::data {

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
