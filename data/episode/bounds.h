#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee::data {

// Note [Names of bounds]
// Where episodes lie in their rows is said by stable-worldmodel's "ep_len" and "ep_idx". Other writers use other names
// for the same (kLengthNames, kRowIdNames), say where episodes end (Diffusion Policy's "episode_ends": the row behind
// each), or mark their last rows (D4RL's "terminals" and "timeouts") or first rows (RLDS's "is_first"). These are
// looked for in this order. Marks in consecutive rows are one: success that lasts.

/// How many rows each episode has.
inline constexpr std::string_view kLengthNames[] = {"ep_len",       "ep_lens",        "ep_lengths",      "episode_len",
                                                    "episode_lens", "episode_length", "episode_lengths", "lengths",
                                                    "traj_len",     "traj_lengths"};
/// The number of every row's episode.
inline constexpr std::string_view kRowIdNames[] = {"ep_idx",      "episode_idx", "episode_index", "episode_id",
                                                   "episode_ids", "traj_idx",    "traj_id",       "trajectory_id"};

/// Values of a column; undefined where there is none of that name, or none that can be read.
using ColumnLookup = std::function<Tensor(const std::string&)>;

/// Episodes in their rows.
struct EpisodeBounds {
  std::vector<int64_t> lengths, offsets;
  std::string column;  // that says so
};

/// What an array holds as whole numbers, one after the other; nothing where it holds others.
std::optional<std::vector<int64_t>> whole_numbers(const Tensor& values);

/// Runs of rows with the same number. @param steps  the row in its episode, empty where it is not known. @throws
/// DataError where the rows of an episode lie apart.
EpisodeBounds bounds_of_runs(std::span<const int64_t> row_ids, std::span<const int64_t> steps,
                             const std::string& where);

/// Bounds by the ends of episodes or by marks in their rows, see Note [Names of bounds]. @throws DataError for ends
/// that do not rise to the number of rows.
std::optional<EpisodeBounds> bounds_of_ends(const ColumnLookup& column, int64_t rows, const std::string& where);

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
