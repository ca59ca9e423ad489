#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace foresee::data {

/// How many rows episodes of these lengths have together. @throws DataError for a length below 0 or above `rows`, and
/// where the sum is no number of 64 bits.
int64_t total_rows(std::span<const int64_t> lengths, int64_t rows, const std::string& where);

/// Checks where episodes lie in their rows: inside, and none in another. Lengths of 0 are allowed.
/// @param where  the file, for messages. @throws DataError naming the episodes and their rows.
void check_bounds(std::span<const int64_t> lengths, std::span<const int64_t> offsets, int64_t rows,
                  const std::string& where);

/// Checks that all rows of an episode carry the same number. @param row_ids  of every row; empty: nothing is known.
/// @throws DataError.
void check_row_ids(std::span<const int64_t> lengths, std::span<const int64_t> offsets, std::span<const int64_t> row_ids,
                   const std::string& where);

}  // namespace foresee::data
