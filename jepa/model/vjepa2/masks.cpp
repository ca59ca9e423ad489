#include "jepa/model/vjepa2/masks.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr int kMaxTries = 1000;  // upstream tries for ever

using Ids = std::vector<int64_t>;

double draw_between(const std::vector<double>& range, at::Generator& generator) {
  const double u = at::rand({1}, generator, at::kFloat).item<double>();
  return range[0] + u * (range[1] - range[0]);
}

int64_t draw_below(int64_t n, at::Generator& generator) {
  return at::randint(0, n, {1}, generator, at::kLong).item<int64_t>();
}

// 1 where a token belongs to the context.
std::vector<char> draw_context(const MaskConfig& config, const TokenGrid& grid, const MaskBlock& block,
                               at::Generator& places) {
  std::vector<char> keep(static_cast<size_t>(grid.tokens()), 1);
  const int64_t area = grid.height * grid.width;
  for (int64_t i = 0; i < config.num_blocks; ++i) {
    const int64_t top = draw_below(grid.height - block.height + 1, places);
    const int64_t left = draw_below(grid.width - block.width + 1, places);
    const int64_t start = draw_below(grid.time - block.time + 1, places);
    for (int64_t t = start; t < start + block.time; ++t)
      for (int64_t h = top; h < top + block.height; ++h)
        std::fill_n(keep.begin() + t * area + h * grid.width + left, block.width, char{0});
  }
  const int64_t time =
      std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(grid.time) * config.max_temporal_keep));
  if (config.num_blocks > 0 && time < grid.time) std::fill(keep.begin() + time * area, keep.end(), char{0});
  return keep;
}

Ids ids_where(const std::vector<char>& keep, char value) {
  Ids ids;
  for (size_t i = 0; i < keep.size(); ++i)
    if (keep[i] == value) ids.push_back(static_cast<int64_t>(i));
  return ids;
}

Ids complement(const Ids& ids, int64_t tokens) {
  std::vector<char> in(static_cast<size_t>(tokens), 0);
  for (const int64_t id : ids) in[static_cast<size_t>(id)] = 1;
  return ids_where(in, 0);
}

// Cuts every row to the same length. @returns int64 [B, keep].
Tensor stack_ids(std::vector<Ids>& rows, size_t keep) {
  Tensor out = at::empty({static_cast<int64_t>(rows.size()), static_cast<int64_t>(keep)}, at::kLong);
  auto* data = out.data_ptr<int64_t>();
  for (auto& row : rows) {
    row.resize(keep);
    data = std::copy(row.begin(), row.end(), data);
  }
  return out;
}

size_t shortest(const std::vector<Ids>& rows) {
  size_t length = rows.front().size();
  for (const auto& row : rows) length = std::min(length, row.size());
  return length;
}

Tensor complement_rows(const std::vector<Ids>& rows, int64_t tokens) {
  std::vector<Ids> out;
  for (const auto& row : rows) out.push_back(complement(row, tokens));
  return stack_ids(out, shortest(out));
}

void check_pair(const char* key, const std::vector<double>& range) {
  if (range.size() != 2 || range[0] > range[1])
    fail<ConfigError>("{}: expected [low, high], got {} values{}", key, range.size(),
                      range.size() == 2 ? " in falling order" : "");
}

}  // namespace

MaskConfig MaskConfig::long_range() {
  MaskConfig config;
  config.num_blocks = 2;
  config.spatial_scale = {0.7, 0.7};
  return config;
}

void MaskConfig::validate() const {
  check_pair("spatial_scale", spatial_scale);
  check_pair("temporal_scale", temporal_scale);
  check_pair("aspect_ratio", aspect_ratio);
}

void describe(Fields& f, MaskConfig& c) {
  f("num_blocks", c.num_blocks, "blocks hidden in a clip", {1, 1000});
  f("spatial_scale", c.spatial_scale, "[low, high], share of a frame that a block covers", {0, 1});
  f("temporal_scale", c.temporal_scale, "[low, high], share of the clip's time that a block covers", {0, 1});
  f("aspect_ratio", c.aspect_ratio, "[low, high], height over width of a block", {0.01, 100});
  f("max_temporal_keep", c.max_temporal_keep, "context lies within this first share of the clip", {0, 1});
  f("max_keep", c.max_keep, "at most so many context tokens; null: no limit", {1, 1e9});
  f("full_complement", c.full_complement, "target: all that the context leaves out");
  f("pred_full_complement", c.pred_full_complement, "context: all that the target leaves out");
  f("inv_block", c.inv_block, "swap context and target");
}

at::Generator cpu_generator(uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

MaskBlock sample_mask_block(const MaskConfig& config, const TokenGrid& grid, at::Generator& sizes) {
  const double time_share = draw_between(config.temporal_scale, sizes);
  const double space_share = draw_between(config.spatial_scale, sizes);
  const double aspect = draw_between(config.aspect_ratio, sizes);
  const auto area = std::floor(static_cast<double>(grid.height * grid.width) * space_share);
  // Half rounds to even, as Python's round() does.
  return {std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(grid.time) * time_share)),
          std::min(static_cast<int64_t>(std::nearbyint(std::sqrt(area * aspect))), grid.height),
          std::min(static_cast<int64_t>(std::nearbyint(std::sqrt(area / aspect))), grid.width)};
}

MaskPair sample_masks(const MaskConfig& config, const TokenGrid& grid, const MaskBlock& block, int64_t batch,
                      at::Generator& places) {
  FORESEE_CHECK(batch > 0 && grid.tokens() > 0, "expected a batch and a grid, got {} clips of {} tokens", batch,
                grid.tokens());
  std::vector<Ids> context, target;
  for (int tries = 0; static_cast<int64_t>(context.size()) < batch;) {
    const auto keep = draw_context(config, grid, block, places);
    Ids ids = ids_where(keep, 1);
    FORESEE_CHECK(
        !ids.empty() || ++tries < kMaxTries,
        "expected context left by {} blocks of {} x {} x {} tokens on a grid of {} x {} x {}, got none in {} tries",
        config.num_blocks, block.time, block.height, block.width, grid.time, grid.height, grid.width, tries);
    if (ids.empty()) continue;
    context.push_back(std::move(ids));
    target.push_back(ids_where(keep, 0));
  }
  const size_t limit = config.max_keep ? static_cast<size_t>(*config.max_keep) : static_cast<size_t>(grid.tokens());
  MaskPair pair{stack_ids(context, std::min(shortest(context), limit)), stack_ids(target, shortest(target))};
  if (config.full_complement)
    pair.target = complement_rows(context, grid.tokens());
  else if (config.pred_full_complement)
    pair.context = complement_rows(target, grid.tokens());
  FORESEE_CHECK(
      pair.target.size(1) > 0 && pair.context.size(1) > 0,
      "expected context and target tokens, got {} and {}: the grid of {} x {} x {} tokens is too small for the masks",
      pair.context.size(1), pair.target.size(1), grid.time, grid.height, grid.width);
  if (config.inv_block) std::swap(pair.context, pair.target);
  return pair;
}

}  // namespace foresee
