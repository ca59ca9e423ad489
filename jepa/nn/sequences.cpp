#include "jepa/nn/sequences.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {

Tensor pack_rows(const std::vector<Tensor>& batches) {
  if (batches.size() == 1) return batches.front().flatten(0, 1);
  std::vector<Tensor> rows;
  for (const Tensor& batch : batches) rows.push_back(batch.flatten(0, 1));
  return at::cat(rows);
}

std::vector<Tensor> unpack_rows(const Tensor& rows, std::span<const Sequences> sequences) {
  std::vector<int64_t> sizes;
  for (const auto& s : sequences) sizes.push_back(s.rows());
  FORESEE_CHECK(rows.dim() == 2 && std::accumulate(sizes.begin(), sizes.end(), int64_t{0}) == rows.size(0),
                "expected {} rows, got {}", fmt::join(sizes, " + "), describe(rows));
  std::vector<Tensor> batches = sizes.size() == 1 ? std::vector<Tensor>{rows} : rows.split_with_sizes(sizes);
  for (size_t i = 0; i < batches.size(); ++i)
    batches[i] = batches[i].view({sequences[i].batch, sequences[i].tokens, rows.size(1)});
  return batches;
}

Tensor drop_rows(const Tensor& rows, std::span<const Sequences> sequences) {
  if (std::all_of(sequences.begin(), sequences.end(), [](const Sequences& s) { return s.from == 0; })) return rows;
  std::vector<Tensor> batches = unpack_rows(rows, sequences);
  for (size_t i = 0; i < batches.size(); ++i) batches[i] = batches[i].slice(1, sequences[i].from);
  return pack_rows(batches);
}

std::vector<Sequences> drop_rows(std::span<const Sequences> sequences) {
  std::vector<Sequences> left(sequences.begin(), sequences.end());
  for (auto& s : left) s = {.batch = s.batch, .tokens = s.tokens - s.from};
  return left;
}

}  // namespace foresee
