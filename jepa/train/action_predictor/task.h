#pragma once

#include <functional>
#include <string>

#include "jepa/io/model_folder.h"
#include "jepa/train/action_predictor/evaluation.h"
#include "jepa/train/action_predictor/recipe.h"
#include "jepa/train/loop.h"

namespace foresee {

/// What an action predictor is trained on and what its model folder says about it.
struct AcTrainData {
  std::function<AcBatch(int64_t step)> batch;  // a function of the step alone
  AcHeldOut held_out;
  FrameGrid grid;
  Preprocess preprocess;
  ActionSpec actions;
  std::string encoder{};          // as ModelFolder::encoder
  nlohmann::json training_set{};  // for training_set.json of its folder; null: none
};

/// Training of an action-conditioned predictor on the features of a frozen encoder. Weights are drawn from `seed`.
class AcTask : public TrainTask {
 public:
  /// @param model  with its encoder loaded; the predictor is initialised here. @param steps  optimizer steps in all.
  /// @param preset  for the model folder. @throws ConfigError when the data's actions are not of the model's size.
  AcTask(Vjepa2Ac model, const AcTrainConfig& config, AcTrainData data, int64_t steps, uint64_t seed,
         std::string preset = "");

  void start(int64_t step) override;
  Metrics step(int64_t step) override;
  Metrics evaluate() override;
  void save(const std::filesystem::path& folder) const override;
  void load(const std::filesystem::path& folder) override;

  const Vjepa2Ac& model() const { return trainer_.model(); }

 private:
  AcTrainConfig config_;
  AcTrainData data_;
  PretrainSchedule schedule_;
  std::string preset_;
  AcTrainer trainer_;
};

}  // namespace foresee
