#include "jepa/model/lewm_world_model.h"

#include <torch/torch.h>

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/io/state_dict.h"

namespace foresee {
namespace {

constexpr int64_t kChunk = 1024;  // candidates of all problems that the plain path rolls out at a time

class LewmContext : public Context {
 public:
  LewmContext(Tensor embeddings, Tensor actions, LewmRollout::Prefix prefix)
      : embeddings(std::move(embeddings)), actions(std::move(actions)), prefix(std::move(prefix)) {}

  int64_t batch() const override { return embeddings.size(0); }
  std::unique_ptr<Context> rows(const Tensor& index) const override {
    return std::make_unique<LewmContext>(embeddings.index_select(0, index), actions.index_select(0, index),
                                         prefix.embeddings.defined() ? prefix.rows(index) : LewmRollout::Prefix());
  }

  Tensor embeddings;           // float [B, F, D]
  Tensor actions;              // float [B, F - 1, action_block], normalised
  LewmRollout::Prefix prefix;  // for the fast path
};

const LewmContext& own(const Context& context) {
  const auto* lewm = dynamic_cast<const LewmContext*>(&context);
  FORESEE_CHECK(lewm != nullptr, "expected a context that a LeWM encoded");
  return *lewm;
}

}  // namespace

LewmWorldModel::LewmWorldModel(Lewm model, ActionSpec actions, Preprocess preprocess)
    : model_(std::move(model)), actions_(std::move(actions)), preprocess_(std::move(preprocess)) {
  if (actions_.block_size() != model_->config.action_block)
    fail<ConfigError>("the model takes action blocks of {} numbers, actions.json has blocks of {}",
                      model_->config.action_block, actions_.block_size());
  model_->eval();
  for (Tensor& parameter : model_->parameters()) parameter.requires_grad_(false);
  if (model_->vit.cls.is_cpu()) fast_ = std::make_unique<LewmRollout>(model_);
}

std::unique_ptr<LewmWorldModel> LewmWorldModel::from(const ModelFolder& folder, const std::string& source) {
  if (!folder.actions) fail<CheckpointError>("{}: no actions.json: a world model needs to know its actions", source);
  Lewm model(parse_config<LewmConfig>(folder.model, source + "/config.json: model"));
  load_state_dict(*model, with_transformers4_names(folder.weights), source);
  return std::make_unique<LewmWorldModel>(std::move(model), *folder.actions, folder.preprocess);
}

std::unique_ptr<Context> LewmWorldModel::encode(const Observation& observation) const {
  const torch::NoGradGuard no_grad;
  const Tensor& seen = observation.frames;
  FORESEE_CHECK(seen.dim() == 5 && seen.size(1) >= 1, "expected frames uint8 [B, T, 3, H, W], got {}", describe(seen));
  const int64_t batch = seen.size(0), length = seen.size(1);
  const int64_t history = std::min(length, model_->config.predictor.frames);
  const auto device = model_->vit.cls.device();
  const Tensor frames = seen.slice(1, length - history).flatten(0, 1).to(device);
  const Tensor embeddings = model_->embed(frames, preprocess_).view({batch, history, -1});
  Tensor actions = at::zeros({batch, history - 1, actions_.block_size()}, embeddings.options());
  if (history > 1) {
    const Tensor& executed = observation.actions;
    FORESEE_CHECK(executed.defined() && executed.dim() == 3 && executed.size(0) == batch &&
                      executed.size(1) == (length - 1) * actions_.block && executed.size(2) == actions_.size,
                  "expected the {} actions between {} frames as [{}, {}, {}], got {}", (length - 1) * actions_.block,
                  length, batch, (length - 1) * actions_.block, actions_.size,
                  executed.defined() ? describe(executed) : "none");
    const Tensor blocks = executed.reshape({batch, length - 1, actions_.block_size()});
    actions = actions_.normalise(blocks.slice(1, length - history).to(embeddings.options())).nan_to_num_(0.0);
  }
  LewmRollout::Prefix prefix;
  if (fast_) prefix = fast_->prefix(embeddings, actions);
  return std::make_unique<LewmContext>(embeddings, actions, std::move(prefix));
}

Tensor LewmWorldModel::encode_goal(const Tensor& frames) const {
  const torch::NoGradGuard no_grad;
  return model_->embed(frames.to(model_->vit.cls.device()), preprocess_);
}

bool LewmWorldModel::fast(const Tensor& actions) const {
  return fast_ && !(actions.requires_grad() && at::GradMode::is_enabled());
}

Tensor LewmWorldModel::plain_rollout(const Context& context, const Tensor& actions) const {
  const LewmContext& c = own(context);
  FORESEE_CHECK(actions.dim() == 4 && actions.size(0) == c.batch(), "expected actions [{}, K, H, D], got {}", c.batch(),
                describe(actions));
  const int64_t batch = actions.size(0), history = c.embeddings.size(1);
  const auto each = [](const Tensor& x, int64_t k) {  // [B, T, D] -> [B * k, T, D]
    return x.unsqueeze(1).expand({x.size(0), k, x.size(1), x.size(2)}).flatten(0, 1);
  };
  std::vector<Tensor> parts;
  for (const Tensor& chunk : actions.split(std::max<int64_t>(1, kChunk / batch), 1)) {
    const int64_t k = chunk.size(1);
    const Tensor blocks = at::cat({each(c.actions, k), chunk.flatten(0, 1)}, 1);
    const Tensor states = model_->rollout(each(c.embeddings, k), blocks);
    parts.push_back(states.slice(1, history).view({batch, k, actions.size(2), -1}));
  }
  return at::cat(parts, 1);
}

Tensor LewmWorldModel::rollout(const Context& context, const Tensor& actions) const {
  if (fast(actions)) return fast_->predictions(own(context).prefix, actions);
  return plain_rollout(context, actions.to(model_->vit.cls.device()));
}

Tensor LewmWorldModel::costs(const Context& context, const Tensor& goal, const Tensor& actions) const {
  const Tensor last = fast(actions)
                          ? fast_->last_prediction(own(context).prefix, actions)
                          : plain_rollout(context, actions.to(model_->vit.cls.device())).select(2, actions.size(2) - 1);
  FORESEE_CHECK(goal.dim() == 2 && goal.size(0) == last.size(0) && goal.size(1) == last.size(2),
                "expected a goal [{}, {}], got {}", last.size(0), last.size(2), describe(goal));
  return (last - goal.unsqueeze(1)).square().sum(-1);
}

}  // namespace foresee
