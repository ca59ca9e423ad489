#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "jepa/io/model_folder.h"
#include "jepa/train/loop.h"
#include "jepa/train/masked/evaluation.h"
#include "jepa/train/masked/recipe.h"

namespace foresee {

/// Where a pre-training gets its clips; keeps it free of any way to read video.
struct PretrainClips {
  std::function<void(int64_t step)> start;    // prepare batches from `step` on; may be empty
  std::function<Tensor(int64_t step)> batch;  // float [B, 3, T, H, W], normalised: a function of `step` only
  std::function<std::vector<std::string>(int64_t step)> sources{};  // where its clips come from; may be empty
  Tensor held_out;                                                  // float [E, 3, T, H, W], normalised, not trained on
  Tensor other_crops{};  // of the held-out clips: same frames, cut in another way; may be undefined
};

/// V-JEPA 2 pre-training as a task of run_loop. Masks, drop path and initial weights are functions of (seed, step);
/// nothing reads LibTorch's global generator. A checkpoint folder is a model folder of the encoder (model.safetensors,
/// official names), with predictor.safetensors and its targets.json, target_encoder.safetensors and
/// optimizer.safetensors beside it.
class PretrainTask : public TrainTask {
 public:
  struct Run {
    int64_t steps = 1000;  // of the whole run: the schedules end there
    uint64_t seed = 0;
    at::Device device = at::kCPU;
    int64_t evaluation_batch = 8;  // clips
    Preprocess preprocess;         // written into the model folder
    std::string preset;            // name in the model folder; empty: none
  };

  PretrainTask(PretrainConfig config, PretrainClips clips, Run run);

  void start(int64_t step) override;
  /// Logs loss, prediction_loss, learning_rate, weight_decay and ema_momentum.
  Metrics step(int64_t step) override;
  /// PretrainScore::metrics() of the held-out clips and "collapse": 1 where has_collapsed, which is also said in a line
  /// when it is first seen.
  Metrics evaluate() override;
  std::string headline(const Metrics& evaluation) const override;
  /// Writes the clips of the step as "bad_batch.safetensors" (tensor "clips", float [B, 3, T, H, W], normalised; the
  /// step and where each clip comes from in its metadata).
  std::string keep_bad_step(int64_t step, const std::filesystem::path& run) override;
  /// What features are compared with: their spread before the first step, and whether they had collapsed at the last
  /// evaluation. Without it, the spread of the first evaluation.
  void remember_start(const FeatureSpread& spread, bool collapsed = false) {
    start_ = spread;
    collapsed_ = collapsed;
  }
  void save(const std::filesystem::path& folder) const override;
  void load(const std::filesystem::path& folder) override;
  /// Networks, target encoder and optimizer of an earlier run, which this one begins with: a checkpoint or run folder
  /// of ours, or one of Meta's pretraining files. Clips may have other sizes and lengths than they had there.
  /// @throws CheckpointError.
  void begin_with(const std::filesystem::path& path);

  MaskedPretrainer& networks() { return networks_; }

 private:
  /// Masks of a training step: block sizes from a generator seeded with the step, as upstream counts its batches;
  /// places from one seeded with (seed, step).
  std::vector<MaskPair> masks_of(int64_t step, int64_t batch) const;

  PretrainConfig config_;
  PretrainClips clips_;
  Run run_;
  PretrainSchedule schedule_;
  MaskedPretrainer networks_;
  PretrainEvaluation held_out_;
  Tensor other_crops_;
  std::optional<FeatureSpread> start_;  // before training
  bool collapsed_ = false;              // at the last evaluation
  bool warned_ = false;
};

}  // namespace foresee
