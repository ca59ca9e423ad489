#include "jepa/train/heads/task.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/train/schedule.h"

namespace foresee {
namespace {

constexpr const char* kOptimizerFile = "optimizer.safetensors";
constexpr int64_t kIdentical = 16;  // of so many distance pairs one is a row and itself
constexpr uint64_t kEvaluationPairs = std::numeric_limits<uint32_t>::max();  // no training step draws these

ParameterGroup head_parameters(const Lewm& model, double weight_decay) {
  ParameterGroup group{.parameters = {}, .weight_decay = weight_decay};
  for (const auto& item : model->named_parameters())
    if (of_heads(item.key())) group.parameters.emplace_back(item.key(), item.value());
  if (group.parameters.empty())
    fail<ConfigError>("heads: nothing to fit: inverse_hidden, distance_hidden and decoder_width are 0");
  return group;
}

Tensor picture_error(const Lewm& model, const LatentEpisodes& episodes, const Tensor& rows) {
  const Tensor truth = episodes.pictures(rows).to(at::kFloat) / 255;
  return (model->decoder->forward(episodes.embeddings.index_select(0, rows)) - truth).square().mean();
}

Tensor log_blocks(const Tensor& blocks) { return blocks.to(at::kFloat).log1p(); }

double skill(const Tensor& predicted, const Tensor& truth) {
  const double error = (predicted - truth).square().mean().item<double>();
  return 1 - error / std::max((truth - truth.mean(0)).square().mean().item<double>(), 1e-30);
}

}  // namespace

HindsightSampler::HindsightSampler(const std::vector<int64_t>& lengths, int64_t block) : block_(block) {
  int64_t offset = 0;
  for (const int64_t length : lengths) {
    for (int64_t row = 0; row + block < length; ++row) {
      rows_.push_back(offset + row);
      left_.push_back((length - 1 - row) / block);
    }
    offset += length;
  }
  if (rows_.empty())
    fail<DataError>("none of {} episodes is longer than an action block of {} rows", lengths.size(), block);
}

HindsightPairs HindsightSampler::draw(const Random& draws, int64_t count) const {
  HindsightPairs pairs{at::empty({count}, at::kLong), at::empty({count}, at::kLong), at::empty({count}, at::kLong)};
  for (int64_t i = 0; i < count; ++i) {
    const auto at =
        static_cast<size_t>(draws.integer(static_cast<uint64_t>(2 * i), static_cast<int64_t>(rows_.size())));
    const int64_t blocks = 1 + draws.integer(static_cast<uint64_t>(2 * i + 1), left_[at]);
    pairs.rows.data_ptr<int64_t>()[i] = rows_[at];
    pairs.goals.data_ptr<int64_t>()[i] = rows_[at] + blocks * block_;
    pairs.blocks.data_ptr<int64_t>()[i] = blocks;
  }
  return pairs;
}

void describe(Fields& f, LewmHeadsTrainConfig& c) {
  f("batch", c.batch, "pairs a step", {2, 65536});
  f("learning_rate", c.learning_rate, "peak, AdamW", {0});
  f("warmup_fraction", c.warmup_fraction, "of all steps, linear; then half a cosine to zero", {0, 1});
  f("weight_decay", c.weight_decay, "of every parameter of the heads", {0});
  f("pictures", c.pictures, "pictures a step, for the decoder", {1, 1e7});
  f("evaluated", c.evaluated, "held-out pairs that are evaluated", {2, 1e7});
}

void describe(Fields& f, LewmHeadsRecipe& r) {
  f("init", r.init, "model folder or run whose LeWM gets the heads");
  f("heads", r.heads, "which heads, and their sizes");
  f("train", r.train, "optimizer and batches");
  f("loop", r.loop, "steps, checkpoints, evaluation");
}

Lewm lewm_with_heads(const ModelFolder& folder, const LewmHeadsConfig& heads, uint64_t seed,
                     const std::string& source) {
  LewmConfig config = lewm_config(folder.model, source + "/config.json");
  config.heads = heads;
  Lewm model(config);
  initialise(model, seed);
  TensorMap weights = state_dict(*model);
  for (const auto& [name, tensor] : with_transformers4_names(folder.weights)) {
    const auto own = weights.find(name);
    if (of_heads(name) && (own == weights.end() || own->second.sizes() != tensor.sizes())) continue;
    weights[name] = tensor;
  }
  load_state_dict(*model, weights, source);
  model->eval();
  for (const auto& item : model->named_parameters()) item.value().requires_grad_(of_heads(item.key()));
  return model;
}

LewmHeadsTask::LewmHeadsTask(Lewm model, ModelFolder folder, LatentEpisodes train, LatentEpisodes held_out,
                             const LewmHeadsTrainConfig& config, int64_t steps, uint64_t seed)
    : model_(std::move(model)),
      folder_(std::move(folder)),
      train_(std::move(train)),
      held_out_(std::move(held_out)),
      config_(config),
      steps_(steps),
      seed_(seed),
      sampler_(train_.length, folder_.actions.value().block),
      optimizer_({head_parameters(model_, config.weight_decay)}) {
  folder_.weights.clear();
}

/// The normalised block that leaves each row. @returns float [N, action_block].
Tensor LewmHeadsTask::blocks_of(const LatentEpisodes& episodes, const Tensor& rows) const {
  const int64_t block = folder_.actions->block;
  const Tensor index = rows.unsqueeze(1) + at::arange(block);  // pairs have a whole block left
  return episodes.actions.index_select(0, index.flatten()).view({rows.size(0), -1});
}

Metrics LewmHeadsTask::step(int64_t step) {
  const Random draws(seed_, Stream::kDataOrder, static_cast<uint64_t>(step));
  const HindsightPairs pairs = sampler_.draw(draws, config_.batch);
  const Tensor now = train_.embeddings.index_select(0, pairs.rows);
  const Tensor goal = train_.embeddings.index_select(0, pairs.goals);
  Tensor total = at::zeros({});
  Metrics row;
  const auto add = [&](const char* name, const Tensor& loss) {
    total = total + loss;
    row.emplace_back(name, loss.item<double>());
  };
  if (model_->inverse)
    add("inverse_loss", (model_->inverse->forward(now, goal) - blocks_of(train_, pairs.rows)).square().mean());
  if (model_->distance) {
    const int64_t same = config_.batch / kIdentical;
    const Tensor to = at::cat({now.slice(0, 0, same), goal.slice(0, same)});
    const Tensor truth = at::cat({at::zeros({same}), log_blocks(pairs.blocks.slice(0, same))});
    add("distance_loss", (model_->distance->log_blocks(now, to) - truth).square().mean());
  }
  if (model_->decoder)
    add("picture_loss",
        picture_error(model_, train_, pairs.rows.slice(0, 0, std::min(config_.pictures, config_.batch))));
  optimizer_.zero_grad();
  total.backward();
  const int64_t warmup =
      std::max<int64_t>(1, static_cast<int64_t>(config_.warmup_fraction * static_cast<double>(steps_)));
  const double rate = lewm_learning_rate(step, warmup, steps_, config_.learning_rate, 0.0, 0.0);
  optimizer_.step(rate);
  row.insert(row.begin(), {"loss", total.item<double>()});
  row.emplace_back("learning_rate", rate);
  return row;
}

Metrics LewmHeadsTask::evaluate() {
  if (held_out_.length.empty()) return {};
  const torch::NoGradGuard no_grad;
  const Random draws(seed_, Stream::kDataOrder, kEvaluationPairs);
  const HindsightPairs pairs =
      HindsightSampler(held_out_.length, folder_.actions->block).draw(draws, config_.evaluated);
  const Tensor now = held_out_.embeddings.index_select(0, pairs.rows);
  const Tensor goal = held_out_.embeddings.index_select(0, pairs.goals);
  Metrics metrics;
  if (model_->inverse)
    metrics.emplace_back("held_out_inverse_skill",
                         skill(model_->inverse->forward(now, goal), blocks_of(held_out_, pairs.rows)));
  if (model_->distance) {
    metrics.emplace_back("held_out_distance_skill",
                         skill(model_->distance->log_blocks(now, goal), log_blocks(pairs.blocks)));
    metrics.emplace_back("held_out_distance_error",
                         (model_->distance->forward(now, goal) - pairs.blocks).abs().mean().item<double>());
  }
  if (model_->decoder) {
    const double error =
        picture_error(model_, held_out_, pairs.rows.slice(0, 0, std::min<int64_t>(256, config_.evaluated)))
            .item<double>();
    metrics.emplace_back("held_out_picture_psnr", -10 * std::log10(std::max(error, 1e-12)));
  }
  return metrics;
}

void LewmHeadsTask::save(const std::filesystem::path& path) const {
  ModelFolder out = folder_;
  out.family = "lewm";
  out.model = config_json(model_->config);
  out.weights = state_dict(*model_);
  save_model_folder(path, out);
  save_safetensors(path / kOptimizerFile, optimizer_.state());
}

void LewmHeadsTask::load(const std::filesystem::path& path) {
  load_state_dict(*model_, load_model_folder(path, "lewm").weights, path.string());
  optimizer_.load_state(load_safetensors(path / kOptimizerFile));
}

}  // namespace foresee
