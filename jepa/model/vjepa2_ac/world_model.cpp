#include "jepa/model/vjepa2_ac/world_model.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr int64_t kPlainRows = 16;  // candidates that the plain path rolls out at a time

// Note [Threads of a roll-out]
// Threads that share out every operator meet at its end, dozens of times in a roll-out. Of a small model an operator
// takes less than a millisecond: waking a thread costs as much as it saves, and beside another program each of those
// ends waits until that thread has had its turn. So candidates are shared out where they are few enough to be rolled
// out at once: each thread takes some of them through the whole roll-out, and they meet once. Larger roll-outs go chunk
// by chunk, and their operators are shared out.
constexpr int64_t kRowsPerThread = 64;  // tokens of one step; products of fewer rows are slow

int64_t threads_for(int64_t candidates, int64_t rows) {
  return std::clamp<int64_t>(rows / kRowsPerThread, 1, std::min<int64_t>(candidates, at::get_num_threads()));
}

class Vjepa2AcContext : public Context {
 public:
  int64_t batch() const override { return features.size(0); }
  std::unique_ptr<Context> rows(const Tensor& index) const override {
    const auto pick = [&](const Tensor& x) { return x.defined() ? x.index_select(0, index.to(x.device())) : x; };
    auto out = std::make_unique<Vjepa2AcContext>();
    out->past = {pick(past.features), pick(past.actions), pick(past.states), pick(past.extrinsics)};
    out->features = pick(features);
    out->state = pick(state);
    out->extrinsics = pick(extrinsics);
    out->prefix = prefix.select(index.to(features.device()));
    return out;
  }

  ActionSteps past;    // frames before the current one, with the actions that left them; T = 0 .. steps
  Tensor features;     // float [B, n, D], the current frame
  Tensor state;        // double [B, S], the environment's units
  Tensor extrinsics;   // float [B, 1, 6] or undefined; the camera stays where it is
  ActionCache prefix;  // of `past`
};

const Vjepa2AcContext& own_context(const Context& context) {
  const auto* known = dynamic_cast<const Vjepa2AcContext*>(&context);
  FORESEE_CHECK(known != nullptr, "expected a context that a V-JEPA 2-AC encoded");
  return *known;
}

/// [B, ...] -> [B * k, ...], every row k times in a row.
Tensor for_each_candidate(const Tensor& x, int64_t k) {
  if (!x.defined()) return x;
  auto shape = x.sizes().vec();
  shape.insert(shape.begin() + 1, k);
  return x.unsqueeze(1).expand(shape).flatten(0, 1);
}

Tensor cat_steps(const Tensor& past, const Tensor& now) { return past.defined() ? at::cat({past, now}, 1) : now; }

}  // namespace

Vjepa2AcWorldModel::Vjepa2AcWorldModel(Vjepa2Ac model, ActionSpec actions, Preprocess preprocess, int64_t cache_bytes,
                                       Precision precision)
    : model_(std::move(model)),
      actions_(std::move(actions)),
      preprocess_(action_pictures(std::move(preprocess), model_.config)),
      cache_bytes_(cache_bytes) {
  const Vjepa2AcConfig& c = model_.config;
  if (actions_.block_size() != c.predictor.action_size)
    fail<ConfigError>("the model takes action blocks of {} numbers, actions.json has blocks of {}",
                      c.predictor.action_size, actions_.block_size());
  if (c.state_update != StateUpdate::kNone && actions_.size != c.predictor.state_size)
    fail<ConfigError>("state_update needs actions of the state's size {}, actions.json says {}", c.predictor.state_size,
                      actions_.size);
  model_.predictor->eval();
  for (Tensor& parameter : model_.predictor->parameters()) parameter.requires_grad_(false);
  rollout_ = std::make_unique<ActionRollout>(model_.predictor, precision);
}

StateSpec Vjepa2AcWorldModel::state_spec() const {
  const Vjepa2AcConfig& c = model_.config;
  StateSpec spec{.extrinsics = c.predictor.use_extrinsics ? c.predictor.extrinsics_size : 0};
  if (c.state_update == StateUpdate::kNone) return spec;
  spec.kind = c.state_update == StateUpdate::kArmPose ? StateSpec::Kind::kArmPose : StateSpec::Kind::kNumbers;
  spec.size = c.predictor.state_size;
  return spec;
}

std::unique_ptr<Context> Vjepa2AcWorldModel::encode(const Observation& observation) const {
  const torch::NoGradGuard no_grad;
  const Tensor& seen = observation.frames;
  FORESEE_CHECK(seen.defined() && seen.dim() == 5 && seen.size(1) >= 1, "expected frames uint8 [B, T, 3, H, W], got {}",
                seen.defined() ? describe(seen) : "none");
  const Tensor features = encode_goal(seen.flatten(0, 1));
  return encode_features(features.unflatten(0, {seen.size(0), seen.size(1)}), model_.grid(), observation);
}

std::unique_ptr<Context> Vjepa2AcWorldModel::encode_features(const Tensor& features, const FrameGrid& grid,
                                                             const Observation& rest) const {
  const torch::NoGradGuard no_grad;
  const ActionPredictorConfig& c = model_.config.predictor;
  const auto options = model_.predictor->embed.weight.options().requires_grad(false);
  FORESEE_CHECK(features.dim() == 4 && features.size(2) == grid.tokens(), "expected features [B, T, {}, D], got {}",
                grid.tokens(), describe(features));
  const int64_t batch = features.size(0), length = features.size(1), before = length - 1;
  Tensor states = rest.state;
  if (model_.config.state_update == StateUpdate::kNone) states = at::zeros({batch, length, c.state_size});
  FORESEE_CHECK(states.defined() && states.dim() == 3 && states.size(0) == batch && states.size(1) == length &&
                    states.size(2) == c.state_size,
                "expected the robot's states [{}, {}, {}], one for every frame, got {}", batch, length, c.state_size,
                states.defined() ? describe(states) : "none");
  FORESEE_CHECK(
      !c.use_extrinsics || (rest.extrinsics.defined() && rest.extrinsics.dim() == 3 &&
                            rest.extrinsics.size(1) == length && rest.extrinsics.size(2) == c.extrinsics_size),
      "expected the camera's extrinsics [{}, {}, {}], one for every frame", batch, length, c.extrinsics_size);
  const Tensor extrinsics = c.use_extrinsics ? rest.extrinsics.to(options) : Tensor();
  Tensor actions = at::zeros({batch, before, c.action_size}, options);
  if (before > 0) {
    const Tensor& executed = rest.actions;
    FORESEE_CHECK(executed.defined() && executed.dim() == 3 && executed.size(0) == batch &&
                      executed.size(1) == before * actions_.block && executed.size(2) == actions_.size,
                  "expected the {} actions between {} frames as [{}, {}, {}], got {}", before * actions_.block, length,
                  batch, before * actions_.block, actions_.size, executed.defined() ? describe(executed) : "none");
    actions =
        actions_.normalise(executed.reshape({batch, before, c.action_size}).to(at::kDouble)).nan_to_num_(0).to(options);
  }
  const Tensor known = features.to(options);
  auto context = std::make_unique<Vjepa2AcContext>();
  context->past = {known.narrow(1, 0, before).flatten(1, 2), actions,
                   model_.normalise_states(states.to(options.dtype(at::kDouble)).narrow(1, 0, before)),
                   c.use_extrinsics ? extrinsics.narrow(1, 0, before) : Tensor()};
  context->features = known.select(1, before);
  context->state = states.select(1, before).to(options.dtype(at::kDouble));
  if (c.use_extrinsics) context->extrinsics = extrinsics.narrow(1, before, 1);
  context->prefix = rollout_->empty(batch, before, grid);
  rollout_->remember(context->past, context->prefix);
  return context;
}

Tensor Vjepa2AcWorldModel::encode_goal(const Goal& goal) const {
  const torch::NoGradGuard no_grad;
  const Tensor& like = model_.predictor->embed.weight;
  return model_.encode(action_input(goal.pictures, preprocess_).to(like.device(), like.scalar_type()));
}

/// Plans in the environment's units. @param actions  [..., H, D]. @returns double [..., H, block, A].
Tensor Vjepa2AcWorldModel::block_actions(const Tensor& actions) const {
  return actions_.to_environment(actions.to(at::kDouble)).unflatten(-2, {actions.size(-2), actions_.block});
}

Tensor Vjepa2AcWorldModel::states(const Context& context, const Tensor& actions) const {
  const Vjepa2AcContext& c = own_context(context);
  FORESEE_CHECK(actions.dim() == 4 && actions.size(0) == c.batch() && actions.size(2) >= 1 &&
                    actions.size(3) == actions_.block_size(),
                "expected actions [{}, K, H, {}], got {}", c.batch(), actions_.block_size(), describe(actions));
  const Tensor blocks = block_actions(actions.to(c.state.device()));  // [B, K, H, block, A]
  std::vector<Tensor> states{c.state.unsqueeze(1).expand({-1, actions.size(1), -1})};
  for (int64_t h = 0; h < actions.size(2); ++h)
    states.push_back(model_.next_states(states.back(), blocks.select(2, h)));
  return at::stack(states, 2);
}

Tensor Vjepa2AcWorldModel::cached(const Context& context, const Tensor& actions, bool all) const {
  const torch::NoGradGuard no_grad;
  const Vjepa2AcContext& c = own_context(context);
  const int64_t batch = c.batch(), horizon = actions.size(2);
  const Tensor told = model_.normalise_states(states(context, actions));  // [B, K, H + 1, S]
  const int64_t each = batch * rollout_->bytes_per_frame(c.prefix.grid) * (c.prefix.frames + horizon);
  const int64_t candidates = actions.size(1);
  const int64_t chunk = std::clamp<int64_t>(cache_bytes_ / std::max<int64_t>(1, each), 1, candidates);
  const bool at_once = chunk == candidates && c.features.is_cpu();
  const int64_t threads = at_once ? threads_for(candidates, batch * candidates * c.prefix.group) : 1;
  const int64_t part = std::min(chunk, (candidates + threads - 1) / threads);
  const auto roll_out = [&](int64_t first, ActionCache& cache) {
    const int64_t k = std::min(part, candidates - first);
    const auto step_of = [&](const Tensor& x, int64_t h) {  // [B, K, H, ...] -> [B * k, 1, ...]
      return x.narrow(1, first, k).select(2, h).flatten(0, 1).unsqueeze(1).to(c.features.options());
    };
    cache = c.prefix.fan_out(k, horizon, cache);
    const Tensor extrinsics = for_each_candidate(c.extrinsics, k);
    std::vector<Tensor> predicted;
    Tensor now = for_each_candidate(c.features, k);
    for (int64_t h = 0; h < horizon; ++h) {
      now = model_.normalise(rollout_->advance({now, step_of(actions, h), step_of(told, h), extrinsics}, cache));
      if (all || h + 1 == horizon) predicted.push_back(now.unflatten(0, {batch, k}));
    }
    return at::stack(predicted, 2);  // [B, k, H or 1, n, D]
  };
  std::vector<ActionCache> caches;  // one for each thread
  {
    const std::lock_guard lock(spare_mutex_);
    caches = std::exchange(spare_, {});
  }
  caches.resize(static_cast<size_t>(threads));
  std::vector<Tensor> parts(static_cast<size_t>((candidates + part - 1) / part));
  const auto run = [&](size_t i, ActionCache& cache) { parts[i] = roll_out(static_cast<int64_t>(i) * part, cache); };
  if (threads == 1) {
    for (size_t i = 0; i < parts.size(); ++i) run(i, caches.front());
  } else {
    at::parallel_for(0, static_cast<int64_t>(parts.size()), 1, [&](int64_t begin, int64_t end) {
      const torch::NoGradGuard also_here;  // a property of the thread
      for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) run(i, caches[i]);
    });
  }
  {
    const std::lock_guard lock(spare_mutex_);
    spare_ = std::move(caches);
  }
  return at::cat(parts, 1);
}

Tensor Vjepa2AcWorldModel::plain_rollout(const Context& context, const Tensor& actions) const {
  const Vjepa2AcContext& c = own_context(context);
  const int64_t batch = c.batch(), horizon = actions.size(2), n = c.features.size(1), past = c.prefix.frames;
  const Tensor told = model_.normalise_states(states(context, actions));
  std::vector<Tensor> parts;
  const int64_t chunk = std::max<int64_t>(1, kPlainRows / batch);
  for (int64_t first = 0; first < actions.size(1); first += chunk) {
    const int64_t k = std::min(chunk, actions.size(1) - first);
    const auto rows_of = [&](const Tensor& x) {
      return x.narrow(1, first, k).narrow(2, 0, horizon).flatten(0, 1).to(c.features.options());
    };
    const Tensor blocks = cat_steps(for_each_candidate(c.past.actions, k), rows_of(actions));
    const Tensor states = cat_steps(for_each_candidate(c.past.states, k), rows_of(told));
    Tensor extrinsics;
    if (c.extrinsics.defined())
      extrinsics = cat_steps(for_each_candidate(c.past.extrinsics, k),
                             for_each_candidate(c.extrinsics, k).expand({-1, horizon, -1}));
    Tensor features = cat_steps(for_each_candidate(c.past.features, k), for_each_candidate(c.features, k));
    for (int64_t h = 1; h <= horizon; ++h) {
      const ActionSteps steps{features, blocks.narrow(1, 0, past + h), states.narrow(1, 0, past + h),
                              extrinsics.defined() ? extrinsics.narrow(1, 0, past + h) : Tensor()};
      const Tensor next =
          model_.normalise(model_.predictor->forward(steps, c.prefix.grid).narrow(1, (past + h - 1) * n, n));
      features = at::cat({features, next}, 1);
    }
    parts.push_back(
        features.narrow(1, (past + 1) * n, horizon * n).unflatten(1, {horizon, n}).unflatten(0, {batch, k}));
  }
  return at::cat(parts, 1);
}

Tensor Vjepa2AcWorldModel::rollout(const Context& context, const Tensor& actions) const {
  if (actions.requires_grad() && at::GradMode::is_enabled()) return plain_rollout(context, actions);
  return cached(context, actions, /*all=*/true);
}

Tensor Vjepa2AcWorldModel::costs(const Context& context, const Tensor& goal, const Tensor& actions,
                                 Objective objective) const {
  FORESEE_CHECK(objective == Objective::kLatent, "expected the objective latent: the model has no distance head");
  if (actions.requires_grad() && at::GradMode::is_enabled())
    return feature_distance(plain_rollout(context, actions).select(2, actions.size(2) - 1), goal);
  return feature_distance(cached(context, actions, /*all=*/false).select(2, 0), goal);
}

Tensor feature_distance(const Tensor& predicted, const Tensor& goal) {
  FORESEE_CHECK(goal.dim() == 3 && goal.size(0) == predicted.size(0) && goal.size(1) == predicted.size(2) &&
                    goal.size(2) == predicted.size(3),
                "expected a goal [{}, {}, {}], got {}", predicted.size(0), predicted.size(2), predicted.size(3),
                describe(goal));
  return (predicted - goal.unsqueeze(1)).abs_().mean({2, 3});
}

}  // namespace foresee
