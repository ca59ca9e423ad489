#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "jepa/core/tensor.h"
#include "jepa/nn/position/rope.h"

namespace foresee {

// Note [Packed sequences]
// Linear maps, norms and MLPs treat every token alike; attention alone knows which tokens form a sequence. So batches
// of sequences of different lengths (the contexts of several masks of one clip) go through a block as one matrix: its
// rows are their tokens, batch after batch. Products are larger, and weights are read, and their gradients added, once.

/// `batch` sequences of `tokens` tokens each: rows of one matrix of tokens.
struct Sequences {
  int64_t batch = 0, tokens = 0;
  const RopeTable* rope = nullptr;  // null: no positions
  int64_t from = 0;                 // tokens before this one are seen, but not worked out

  int64_t rows() const { return batch * tokens; }
};

/// Rows of all batches. @param batches  [B, N, D] each, of one D. @returns [rows, D].
Tensor pack_rows(const std::vector<Tensor>& batches);

/// The batches of packed rows. @param rows  [rows, D]. @returns one view [B, N, D] for each of `sequences`.
/// @throws Error where their numbers of rows do not add up.
std::vector<Tensor> unpack_rows(const Tensor& rows, std::span<const Sequences> sequences);

/// What is left of packed rows without those before each sequence's `from`.
Tensor drop_rows(const Tensor& rows, std::span<const Sequences> sequences);
/// The sequences that are left.
std::vector<Sequences> drop_rows(std::span<const Sequences> sequences);

}  // namespace foresee
