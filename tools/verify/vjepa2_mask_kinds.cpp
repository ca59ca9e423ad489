
#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2/masks.h"
#include "tools/verify/case.h"

namespace foresee::parity {
namespace {

using nlohmann::json;

// "64" or [64, 96]: height and width.
std::pair<int64_t, int64_t> sides(const json& value) {
  if (value.is_array()) return {value.at(0).get<int64_t>(), value.at(1).get<int64_t>()};
  return {value.get<int64_t>(), value.get<int64_t>()};
}

TokenGrid mask_grid(const json& run, int64_t frames) {
  const auto [height, width] = sides(run.at("crop_size"));
  const auto [patch_height, patch_width] = sides(run.at("patch_size"));
  return {frames / run.at("tubelet_size").get<int64_t>(), height / patch_height, width / patch_width};
}

std::vector<MaskConfig> mask_configs(const json& run) {
  std::vector<MaskConfig> configs;
  for (const auto& config : run.at("mask_cfgs")) configs.push_back(parse_config<MaskConfig>(config, "mask_cfgs"));
  return configs;
}

std::vector<int64_t> row_sums(const Tensor& ids) {
  const Tensor sums = ids.sum(1);
  return {sums.data_ptr<int64_t>(), sums.data_ptr<int64_t>() + sums.numel()};
}

// Upstream's collator: samples are bucketed by their frames, in the order of dataset_fpcs without repeats, and every
// generator counts its own batches.
void run_collator(Case& c, const json& run, const std::string& path) {
  const auto configs = mask_configs(run);
  auto places = cpu_generator(run.at("torch_manual_seed").get<uint64_t>());
  std::vector<int64_t> lengths;
  for (const int64_t frames : run.at("dataset_fpcs"))
    if (std::find(lengths.begin(), lengths.end(), frames) == lengths.end()) lengths.push_back(frames);
  const auto samples = run.at("batch_frames").get<std::vector<int64_t>>();
  std::map<int64_t, uint64_t> batches;  // by frames
  for (int64_t call = 0; call < run.at("calls").get<int64_t>(); ++call) {
    json sizes = json::array(), buckets = json::array();
    int64_t bucket = 0;
    for (const int64_t frames : lengths) {
      const int64_t batch = std::count(samples.begin(), samples.end(), frames);
      if (batch == 0) continue;
      const TokenGrid grid = mask_grid(run, frames);
      for (size_t group = 0; group < configs.size(); ++group) {
        auto size_draws = cpu_generator(batches[frames]);
        const MaskBlock block = sample_mask_block(configs[group], grid, size_draws);
        const MaskPair masks = sample_masks(configs[group], grid, block, batch, places);
        const std::string name =
            fmt::format("{}.call{}.bucket{}.group{}", run.at("name").get<std::string>(), call, bucket, group);
        c.expect_io(name + ".enc", masks.context);
        c.expect_io(name + ".pred", masks.target);
        sizes.push_back(
            {{"fpc", frames}, {"group", group}, {"t", block.time}, {"h", block.height}, {"w", block.width}});
        buckets.push_back({{"bucket", bucket},
                           {"group", group},
                           {"enc_shape", masks.context.sizes().vec()},
                           {"pred_shape", masks.target.sizes().vec()},
                           {"enc_sums", row_sums(masks.context)},
                           {"pred_sums", row_sums(masks.target)}});
      }
      ++batches[frames];
      ++bucket;
    }
    c.expect_json(fmt::format("{}.results.{}.block_sizes", path, call), sizes);
    c.expect_json(fmt::format("{}.results.{}.buckets", path, call), buckets);
  }
}

// The whole numbers of a name: "crop256_frames16_group0" -> 256, 16, 0.
std::vector<int64_t> numbers_in(const std::string& name) {
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < name.size(); ++i) {
    if (!std::isdigit(static_cast<unsigned char>(name[i]))) continue;
    int64_t value = 0;
    const auto end = std::from_chars(name.data() + i, name.data() + name.size(), value).ptr;
    numbers.push_back(value);
    i = static_cast<size_t>(end - name.data());
  }
  return numbers;
}

// The masks of the run with this crop and length, or the published ones.
MaskConfig config_for(const json& root, int64_t crop, int64_t frames, size_t group) {
  for (const auto& run : root.at("runs")) {
    const auto lengths = run.at("dataset_fpcs").get<std::vector<int64_t>>();
    const bool same = run.at("crop_size") == crop && std::find(lengths.begin(), lengths.end(), frames) != lengths.end();
    if (same && group < run.at("mask_cfgs").size()) return mask_configs(run)[group];
  }
  return group == 0 ? MaskConfig() : MaskConfig::long_range();
}

// "block_sizes_thw_seeds_A_B": {"cropC_framesF_groupG": [[t, h, w], ...]}.
void block_size_table(Case& c, const std::string& key) {
  const auto seeds = numbers_in(key);
  for (const auto& item : c.json().at(key).items()) {
    const auto n = numbers_in(item.key());
    if (seeds.size() != 2 || n.size() != 3) fail<DataError>("{}.{}: expected crop, frames and group", key, item.key());
    const json& run = c.json().at("runs").at(0);
    const auto patch = sides(run.at("patch_size")).first;
    const TokenGrid grid{n[1] / run.at("tubelet_size").get<int64_t>(), n[0] / patch, n[0] / patch};
    json rows = json::array();
    for (int64_t seed = seeds[0]; seed <= seeds[1]; ++seed) {
      auto draws = cpu_generator(static_cast<uint64_t>(seed));
      const auto block = sample_mask_block(config_for(c.json(), n[0], n[1], static_cast<size_t>(n[2])), grid, draws);
      rows.push_back({block.time, block.height, block.width});
    }
    c.expect_json(key + "." + item.key(), rows);
  }
}

// "uniforms_of_seeds_A_B": the first three float32 uniforms of each generator.
void uniform_table(Case& c, const std::string& key) {
  const auto seeds = numbers_in(key);
  if (seeds.size() != 2) fail<DataError>("{}: expected two seeds in the name", key);
  json rows = json::array();
  for (int64_t seed = seeds[0]; seed <= seeds[1]; ++seed) {
    auto draws = cpu_generator(static_cast<uint64_t>(seed));
    json row = json::array();
    for (int i = 0; i < 3; ++i) row.push_back(at::rand({1}, draws, at::kFloat).item<double>());
    rows.push_back(row);
  }
  c.expect_json(key, rows);
}

}  // namespace

void verify_vjepa2_masks(Case& c) {
  const auto& runs = c.json().at("runs");
  for (size_t i = 0; i < runs.size(); ++i) run_collator(c, runs[i], fmt::format("runs.{}", i));
  for (const auto& item : c.json().items()) {
    if (item.key().starts_with("block_sizes_thw_seeds")) block_size_table(c, item.key());
    if (item.key().starts_with("uniforms_of_seeds")) uniform_table(c, item.key());
  }
}

}  // namespace foresee::parity
