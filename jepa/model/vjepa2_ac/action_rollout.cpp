#include "jepa/model/vjepa2_ac/action_rollout.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr int64_t kUsualRows = 2064;  // eight candidates of 258 tokens

ActionCache like(const ActionCache& cache) {
  return {.grid = cache.grid, .group = cache.group, .frames = cache.frames, .keys = {}, .values = {}};
}

}  // namespace

ActionCache ActionCache::fan_out(int64_t repeats, int64_t more) const { return fan_out(repeats, more, ActionCache()); }

ActionCache ActionCache::fan_out(int64_t repeats, int64_t more, const ActionCache& spare) const {
  ActionCache out = like(*this);
  const int64_t used = frames * group;
  const auto spread = [&](const Tensor& all, const std::vector<Tensor>& reusable, size_t i) {
    const std::vector<int64_t> shape{all.size(0) * repeats, all.size(1), used + more * group, all.size(3)};
    const bool fits = i < reusable.size() && reusable[i].sizes() == at::IntArrayRef(shape) &&
                      reusable[i].options().type_equal(all.options());
    const Tensor wide = fits ? reusable[i] : at::empty(shape, all.options());
    wide.unflatten(0, {all.size(0), repeats}).narrow(3, 0, used).copy_(all.narrow(2, 0, used).unsqueeze(1));
    return wide;
  };
  for (size_t i = 0; i < keys.size(); ++i) {
    out.keys.push_back(spread(keys[i], spare.keys, i));
    out.values.push_back(spread(values[i], spare.values, i));
  }
  return out;
}

ActionCache ActionCache::select(const Tensor& index) const {
  ActionCache out = like(*this);
  for (const Tensor& layer : keys) out.keys.push_back(layer.narrow(2, 0, frames * group).index_select(0, index));
  for (const Tensor& layer : values) out.values.push_back(layer.narrow(2, 0, frames * group).index_select(0, index));
  return out;
}

ActionRollout::ActionRollout(std::shared_ptr<const ActionPredictor> predictor, Precision precision)
    : predictor_(std::move(predictor)), dtype_(dtype_of(precision, predictor_->embed.weight.device())) {
  FORESEE_CHECK(predictor_->embed.weight.scalar_type() == at::kFloat, "expected a predictor of float32 weights, got {}",
                describe(predictor_->embed.weight));
  for (const Block& block : predictor_->blocks) blocks_.emplace_back(block, precision, kUsualRows);
}

int64_t ActionRollout::bytes_per_frame(const FrameGrid& grid) const {
  const ActionPredictorConfig& c = predictor_->config;
  return 2 * c.depth * (c.conditions() + grid.tokens()) * c.width * static_cast<int64_t>(at::elementSize(dtype_));
}

ActionCache ActionRollout::empty(int64_t rows, int64_t capacity, const FrameGrid& grid) const {
  const ActionPredictorConfig& c = predictor_->config;
  ActionCache cache{.grid = grid, .group = c.conditions() + grid.tokens(), .frames = 0, .keys = {}, .values = {}};
  const auto options = predictor_->embed.weight.options().requires_grad(false).dtype(dtype_);
  for (int64_t i = 0; i < c.depth; ++i)
    for (auto* part : {&cache.keys, &cache.values})
      part->push_back(at::empty({rows, c.heads, capacity * cache.group, c.width / c.heads}, options));
  return cache;
}

Tensor ActionRollout::advance(const ActionSteps& frame, ActionCache& cache) const {
  return run(frame, cache, /*predict=*/true);
}

void ActionRollout::remember(const ActionSteps& frames, ActionCache& cache) const {
  for (int64_t step = 0; step < frames.steps(); ++step) run(frames.slice(step, 1), cache, /*predict=*/false);
}

Tensor ActionRollout::run(const ActionSteps& frame, ActionCache& cache, bool predict) const {
  const torch::NoGradGuard no_grad;
  FORESEE_CHECK(frame.steps() == 1 && frame.actions.size(0) == cache.rows(),
                "expected one step of {} rows, got {} steps of {}", cache.rows(), frame.steps(), frame.actions.size(0));
  FORESEE_CHECK(cache.frames < cache.capacity(), "expected a cache with room for another frame, got {} of {}",
                cache.frames, cache.capacity());
  const int64_t n = cache.group, begin = cache.frames * n;
  const RopeTable rope = predictor_->rope(cache.frames, 1, cache.grid, predictor_->embed.weight.options());
  Tensor x = predictor_->tokens(frame, cache.grid), branch;  // [R, n, width]; branch: not yet added to x
  ++cache.frames;
  for (size_t i = 0; i < blocks_.size(); ++i) {
    branch = blocks_[i].forward(x, branch, &rope, [&](const Qkv& heads) {
      cache.keys[i].narrow(2, begin, n).copy_(heads.key);
      cache.values[i].narrow(2, begin, n).copy_(heads.value);
      if (!predict && i + 1 == blocks_.size()) return Tensor();  // nothing follows but the prediction
      return attend({heads.query, cache.keys[i].narrow(2, 0, begin + n), cache.values[i].narrow(2, 0, begin + n)});
    });
  }
  if (!predict) return {};
  x.add_(branch);
  return predictor_->head(x, cache.grid);
}

}  // namespace foresee
