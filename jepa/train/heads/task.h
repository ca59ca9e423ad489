#pragma once

#include <functional>
#include <string>
#include <vector>

#include "jepa/core/random.h"
#include "jepa/io/model_folder.h"
#include "jepa/model/lewm/lewm.h"
#include "jepa/train/adamw.h"
#include "jepa/train/loop.h"

namespace foresee {

/// Embeddings of recorded episodes, computed once by the model that stays as it is.
struct LatentEpisodes {
  Tensor embeddings;            // float [R, D]: rows of all episodes, one episode after the other
  Tensor actions;               // float [R, A], normalised, NaN -> 0; the one that leaves the row
  std::vector<int64_t> length;  // rows of each episode
  std::function<Tensor(const Tensor& rows)> pictures{};  // int64 [N] -> uint8 [N, 3, H, W]; for the decoder
};

/// N pairs of rows of one episode each: a row and its goal, `blocks` action blocks later.
struct HindsightPairs {
  Tensor rows, goals, blocks;  // int64 [N]
};

/// Draws pairs: the row uniformly among those with a block left in their episode, then the number of blocks uniformly
/// over the rest of it. A pure function of (episodes, draws).
class HindsightSampler {
 public:
  /// @param block  rows of an action block. @throws DataError when no episode is longer than a block.
  HindsightSampler(const std::vector<int64_t>& lengths, int64_t block);
  HindsightPairs draw(const Random& draws, int64_t count) const;

 private:
  int64_t block_;
  std::vector<int64_t> rows_, left_;  // of every row that can begin a pair
};

/// How heads are fitted.
struct LewmHeadsTrainConfig {
  int64_t batch = 512;  // pairs a step
  double learning_rate = 1e-3;
  double warmup_fraction = 0.01;
  double weight_decay = 1e-3;
  int64_t pictures = 32;     // a step, for the decoder
  int64_t evaluated = 4096;  // held-out pairs
};
void describe(Fields& fields, LewmHeadsTrainConfig& config);

/// The same LeWM with other heads: weights of `folder`, heads that it has not (or in another size) drawn from the seed.
/// All but the heads is frozen. @throws CheckpointError.
Lewm lewm_with_heads(const ModelFolder& folder, const LewmHeadsConfig& heads, uint64_t seed, const std::string& source);

/// Fits the heads of a LeWM (Note [Heads of LeWM]) by hindsight pairs: the inverse-dynamics head by the mean squared
/// error of the action block, the distance head by that of log(1 + blocks), a sixteenth of its pairs being a row and
/// itself, the decoder by that of the picture. Checkpoints are whole LeWM model folders.
/// Held-out metrics: inverse_skill and distance_skill, 1 - error / variance (0: as good as the mean), distance_error in
/// blocks (mean absolute), picture_psnr in dB.
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
  Tensor blocks_of(const LatentEpisodes& episodes, const Tensor& rows) const;

  Lewm model_;
  ModelFolder folder_;
  LatentEpisodes train_, held_out_;
  LewmHeadsTrainConfig config_;
  int64_t steps_;
  uint64_t seed_;
  HindsightSampler sampler_;
  AdamW optimizer_;
};

/// A run that fits heads.
struct LewmHeadsRecipe {
  std::string init;  // model folder or run whose LeWM gets the heads
  LewmHeadsConfig heads{.inverse_hidden = 256, .distance_hidden = 256, .decoder_width = 0};
  LewmHeadsTrainConfig train;
  LoopConfig loop{
      .steps = 4000, .checkpoint_every = 2000, .keep_checkpoints = 1, .evaluate_every = 1000, .log_every = 50};
};
void describe(Fields& fields, LewmHeadsRecipe& recipe);

}  // namespace foresee
