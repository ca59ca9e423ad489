#pragma once

#include <string>

#include "jepa/io/model_folder.h"
#include "jepa/train/adamw.h"
#include "jepa/train/heads/evaluation.h"
#include "jepa/train/heads/recipe.h"
#include "jepa/train/heads/step.h"
#include "jepa/train/loop.h"

namespace foresee {

/// The same LeWM with other heads: weights of `folder`, heads that it has not (or in another size) drawn from the seed.
/// All but the heads is frozen; with `keep` so are heads that the folder has. @throws CheckpointError.
Lewm lewm_with_heads(const ModelFolder& folder, const LewmHeadsConfig& heads, uint64_t seed, const std::string& source,
                     bool keep = false);

/// Fits the heads of a LeWM (Note [Heads of LeWM]) by hindsight pairs. Checkpoints are whole LeWM model folders.
class LewmHeadsTask : public TrainTask {
 public:
  /// @param folder  what `model` was made from: preprocess, actions, preset. @throws ConfigError when there is no head.
  LewmHeadsTask(Lewm model, ModelFolder folder, LatentEpisodes train, LatentEpisodes held_out,
                const LewmHeadsTrainConfig& config, int64_t steps, uint64_t seed);

  void start(int64_t) override {}
  Metrics step(int64_t step) override;
  Metrics evaluate() override;
  void save(const std::filesystem::path& folder) const override;
  void load(const std::filesystem::path& folder) override;

 private:
  Lewm model_;
  ModelFolder folder_;
  LatentEpisodes train_, held_out_;
  LewmHeadsTrainConfig config_;
  int64_t steps_;
  uint64_t seed_;
  HindsightSampler sampler_;
  AdamW optimizer_;
};

}  // namespace foresee
