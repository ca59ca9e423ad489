#include "jepa/train/masked/recipe.h"

#include "jepa/core/error.h"

namespace foresee {

void describe(Fields& f, PretrainMasks& c) {
  f("short_range", c.short_range, "several small blocks");
  f("long_range", c.long_range, "a few large blocks");
}

void PretrainOptimizer::cool_down() {
  shape = RateShape::kLinearDecay;
  final_rate = 1e-6;
  warmup = 0;
}

PretrainSchedule PretrainOptimizer::schedule(int64_t steps) const {
  PretrainSchedule s;
  s.shape = shape;
  s.start_rate = start_rate;
  s.peak_rate = peak_rate;
  s.final_rate = final_rate;
  s.weight_decay = weight_decay;
  s.final_weight_decay = final_weight_decay;
  s.ema_start = ema_start;
  s.ema_end = ema_end;
  s.epochs = 1;
  s.steps_per_epoch = static_cast<double>(steps);
  s.warmup_epochs = warmup;
  s.anneal_epochs = anneal;
  s.stretch = stretch;
  return s;
}

void describe(Fields& f, PretrainOptimizer& c) {
  f.choice("shape", c.shape, kRateShapeNames, "how the learning rate runs");
  f("start_rate", c.start_rate, "learning rate of the first step", {0});
  f("peak_rate", c.peak_rate, "learning rate after the warm-up", {0});
  f("final_rate", c.final_rate, "learning rate at the end of the schedule", {0});
  f("warmup", c.warmup, "share of the steps with a rising learning rate", {0, 1});
  f("anneal", c.anneal, "share of the steps with a falling learning rate at the end of warmup_stable_decay", {0, 1});
  f("weight_decay", c.weight_decay, "weight decay at the start; biases and norms have none", {0});
  f("final_weight_decay", c.final_weight_decay, "weight decay at the end", {0});
  f("ema_start", c.ema_start, "momentum of the target encoder at the start", {0, 1});
  f("ema_end", c.ema_end, "momentum of the target encoder at the end", {0, 1});
  f("stretch", c.stretch, "schedules are made for so many times the steps and are cut at the last", {1, 1000});
  f("beta1", c.beta1, "AdamW: decay of the mean gradient", {0, 1});
  f("beta2", c.beta2, "AdamW: decay of the mean squared gradient", {0, 1});
  f("eps", c.eps, "AdamW: added to the root", {0});
}

void PretrainConfig::validate() const {
  const TokenGrid grid = model.encoder.grid();
  if (grid.tokens() < 4)
    fail<ConfigError>("model.encoder: expected a clip of 4 tokens or more, got {} x {} x {}", grid.time, grid.height,
                      grid.width);
  if (objective.target_levels > model.encoder.depth)
    fail<ConfigError>("objective.target_levels: expected at most model.encoder.depth = {}, got {}", model.encoder.depth,
                      objective.target_levels);
  if (model.predictor.levels > model.encoder.depth)
    fail<ConfigError>("model.predictor.levels: expected at most model.encoder.depth = {}, got {}", model.encoder.depth,
                      model.predictor.levels);
  if (objective.target_levels > 1 && model.predictor.levels > 1)
    fail<ConfigError>(
        "objective.target_levels = {} averages what model.predictor.levels = {} keeps apart: leave one of them at 1",
        objective.target_levels, model.predictor.levels);
  if (model.predictor.context_output && objective.context == 0)
    fail<ConfigError>("model.predictor.context_output: nothing trains it where objective.context is 0");
}

void describe(Fields& f, PretrainConfig& c) {
  f("model", c.model, "networks");
  f("masks", c.masks, "what is hidden and predicted");
  f("optimizer", c.optimizer, "AdamW and its schedules");
  f("objective", c.objective, "what is minimised");
}

}  // namespace foresee
