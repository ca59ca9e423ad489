#include "jepa/model/lewm/world_model.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
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
    const Tensor at = index.to(embeddings.device());
    return std::make_unique<LewmContext>(embeddings.index_select(0, at), actions.index_select(0, at),
                                         prefix.embeddings.defined() ? prefix.rows(at) : LewmRollout::Prefix());
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

Lewm lewm_from(const ModelFolder& folder, const std::string& source, at::Device device) {
  Lewm model(lewm_config(folder.model, source + "/config.json"));
  adopt_state_dict(*model, with_transformers4_names(folder.weights), source);
  model->to(device);
  return model;
}

LewmWorldModel::LewmWorldModel(Lewm model, ActionSpec actions, Preprocess preprocess)
    : model_(std::move(model)), actions_(std::move(actions)), preprocess_(std::move(preprocess)) {
  if (actions_.block_size() != model_->config.action_block)
    fail<ConfigError>("the model takes action blocks of {} numbers, actions.json has blocks of {}",
                      model_->config.action_block, actions_.block_size());
  model_->eval();
  for (Tensor& parameter : model_->parameters()) parameter.requires_grad_(false);
  if (model_->vit.cls.is_cpu() && model_->predictor) fast_ = std::make_unique<LewmRollout>(model_);
}

std::unique_ptr<LewmWorldModel> LewmWorldModel::from(const ModelFolder& folder, const std::string& source,
                                                     at::Device device) {
  if (!folder.actions)
    fail<CheckpointError>(
        "{}: no actions.json: a world model needs to know its actions; beside weights of stable-worldmodel put one "
        "with "
        "size, block, mean and std of the training data",
        source);
  return std::make_unique<LewmWorldModel>(lewm_from(folder, source, device), *folder.actions, folder.preprocess);
}

StateSpec LewmWorldModel::state_spec() const {
  const int64_t size = model_->config.proprioception;
  if (size == 0) return {};
  return {.kind = StateSpec::Kind::kNumbers, .size = size, .of_goal = true};
}

/// The encoder would stretch its positions over pictures of any size, and see them as it never did in training.
void LewmWorldModel::require_size(const Tensor& frames) const {
  FORESEE_CHECK(frames.defined() && frames.dim() >= 4 && frames.size(-2) == preprocess_.size &&
                    frames.size(-1) == preprocess_.size,
                "expected pictures of {0} x {0} pixels, got {1}; resize them first (picture_spec)", preprocess_.size,
                frames.defined() ? describe(frames) : "none");
}

/// The robot's states of the last `history` frames. @returns float [B * history, S], undefined for a model without.
Tensor LewmWorldModel::recent_states(const Tensor& state, int64_t batch, int64_t length, int64_t history) const {
  const int64_t size = model_->config.proprioception;
  if (size == 0) return {};
  FORESEE_CHECK(state.defined() && state.sizes() == at::IntArrayRef({batch, length, size}),
                "the model was trained with {} numbers of the robot's own state: expected [{}, {}, {}], got {}", size,
                batch, length, size, state.defined() ? describe(state) : "none");
  return state.slice(1, length - history).flatten(0, 1).to(model_->vit.cls.options());
}

std::unique_ptr<Context> LewmWorldModel::encode(const Observation& observation) const {
  const torch::NoGradGuard no_grad;
  const Tensor& seen = observation.frames;
  FORESEE_CHECK(seen.dim() == 5 && seen.size(1) >= 1, "expected frames uint8 [B, T, 3, H, W], got {}", describe(seen));
  require_size(seen);
  const int64_t batch = seen.size(0), length = seen.size(1);
  const int64_t history = std::min(length, model_->config.predictor.history());
  const auto device = model_->vit.cls.device();
  const Tensor frames = seen.slice(1, length - history).flatten(0, 1).to(device);
  const Tensor embeddings = model_->embed(frames, preprocess_, recent_states(observation.state, batch, length, history))
                                .view({batch, history, -1});
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

Tensor LewmWorldModel::encode_goal(const Goal& goal) const {
  const torch::NoGradGuard no_grad;
  require_size(goal.pictures);
  const int64_t size = model_->config.proprioception;
  if (size > 0 && !goal.state.defined())
    fail("the goal of this model is a picture and {} numbers of the robot's own state; only the picture was given",
         size);
  return model_->embed(goal.pictures.to(model_->vit.cls.device()), preprocess_,
                       goal.state.defined() ? goal.state.to(model_->vit.cls.options()) : goal.state);
}

Tensor LewmWorldModel::decode(const Tensor& latents) const {
  if (!model_->decoder) return {};
  const torch::NoGradGuard no_grad;
  return (model_->decoder->forward(latents.to(model_->vit.cls.device())) * 255).round_().to(at::kByte);
}

std::vector<Objective> LewmWorldModel::objectives() const {
  std::vector<Objective> known{Objective::kLatent};
  if (model_->distance) known.push_back(Objective::kDistance);
  return known;
}

Tensor LewmWorldModel::propose(const Context& context, const Tensor& goal, int64_t horizon) const {
  const torch::NoGradGuard no_grad;
  const LewmContext& c = own(context);
  FORESEE_CHECK(proposes(), "expected a model with an inverse-dynamics head");
  FORESEE_CHECK(horizon >= 1 && goal.dim() == 2 && goal.size(0) == c.batch(), "expected goals [{}, D], got {}",
                c.batch(), describe(goal));
  Tensor now = c.embeddings.select(1, c.embeddings.size(1) - 1), actions = c.actions;
  std::vector<Tensor> plan;
  for (int64_t step = 0; step < horizon; ++step) {
    plan.push_back(model_->inverse->forward(now, goal));
    if (step + 1 == horizon) break;
    actions = at::cat({actions, plan.back().unsqueeze(1)}, 1);
    const Tensor states = model_->rollout(c.embeddings, actions);
    now = states.select(1, states.size(1) - 1);
  }
  return at::stack(plan, 1);
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

/// @param states  float [B, n, D]. @returns float [B, n].
Tensor LewmWorldModel::distance(const Tensor& states, const Tensor& goal, Objective objective) const {
  FORESEE_CHECK(objective == Objective::kLatent || model_->distance, "expected a model with a distance head");
  FORESEE_CHECK(goal.dim() == 2 && goal.size(0) == states.size(0) && goal.size(1) == states.size(2),
                "expected a goal [{}, {}], got {}", states.size(0), states.size(2), describe(goal));
  if (objective == Objective::kDistance) return model_->distance->forward(states, goal.unsqueeze(1));
  return (states - goal.unsqueeze(1)).square().sum(-1);
}

Tensor LewmWorldModel::costs(const Context& context, const Tensor& goal, const Tensor& actions,
                             Objective objective) const {
  const Tensor last = fast(actions)
                          ? fast_->last_prediction(own(context).prefix, actions)
                          : plain_rollout(context, actions.to(model_->vit.cls.device())).select(2, actions.size(2) - 1);
  return distance(last, goal, objective);
}

Tensor LewmWorldModel::step_costs(const Context& context, const Tensor& goal, const Tensor& actions,
                                  Objective objective) const {
  const Tensor states = rollout(context, actions);  // [B, K, H, D]
  return distance(states.flatten(1, 2), goal, objective).unflatten(1, {actions.size(1), actions.size(2)});
}

}  // namespace foresee
