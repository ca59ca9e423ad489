#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "jepa/model/vjepa2/masks.h"
#include "jepa/model/vjepa2/vjepa2.h"
#include "jepa/train/adamw.h"
#include "jepa/train/masked/schedule.h"

namespace foresee {

/// Clips of one length with their masks; a batch has one of these for every number of frames in it, usually one.
struct PretrainBucket {
  Tensor clips;                 // float [B, 3, T, H, W], normalised
  std::vector<MaskPair> masks;  // one of each mask group, int64 [B, K]
};

/// Which terms keep features apart.
enum class Regulariser {
  kWeighted,  // VICReg's, each as its weight says
  kSigreg,    // SIGReg's, each as its weight says
  kNone,      // none, whatever the weights; `steady` counts as 1
};
inline constexpr std::pair<Regulariser, std::string_view> kRegulariserNames[] = {
    {Regulariser::kWeighted, "weighted"}, {Regulariser::kSigreg, "sigreg"}, {Regulariser::kNone, "none"}};

/// What is minimised. The default is V-JEPA 2's, which leaves it to the EMA alone to keep features apart.
struct PretrainObjective {
  double exponent = 1.0;  // p of mean |z - h|^p / p
  Regulariser regulariser = Regulariser::kWeighted;
  // Weights of VICReg's terms (jepa/loss/vicreg.h) on the encoder's context tokens, layer-normed as targets are.
  double variance = 0.0, covariance = 0.0;
  // Weights of SIGReg (jepa/loss/sigreg.h), divided by its samples, with kSigreg alone: on all context tokens,
  // layer-normed as targets are, and on the mean context token of each clip, as the encoder gives it.
  double sigreg_tokens = 1.0, sigreg_pooled = 0.0;
  // Weight of the prediction of context tokens beside that of hidden ones, each by its nearness to those
  // (jepa/loss/nearness.h): V-JEPA 2.1's dense loss (arXiv 2603.14482; facebookresearch/vjepa2 app/vjepa_2_1/train.py).
  // 2.1 takes 0.5 for video, and model.predictor.context_output.
  double context = 0.0;
  // [begin, end], shares of the run: the weight rises from 0 in a line between them. 2.1: steps 15,000 to 30,000 of
  // 135,000.
  std::vector<double> context_warmup{0.0, 0.0};
  // Last blocks of the target encoder whose layer-normed features are averaged into the target, layer-normed once more
  // (data2vec, arXiv 2202.03555, section 3.3). 1: the last alone, as V-JEPA 2.
  int64_t target_levels = 1;
  // How much of what stays the same over a clip is left in its targets (weigh_change, jepa/loss/latent_prediction.h).
  // 1: all of it, as V-JEPA 2.
  double steady = 1.0;

  bool regularised() const;
  /// `steady`, where remedies are not turned off.
  double kept_steady() const { return regulariser == Regulariser::kNone ? 1.0 : steady; }
  /// The same with the weight that `context` has then. @param share  of the run that lies behind, 0 .. 1.
  PretrainObjective at(double share) const;
  void validate() const;
};
void describe(Fields& fields, PretrainObjective& config);

/// What one forward pass gives.
struct PretrainForward {
  Tensor loss;                      // scalar: prediction and, where there is one, the regulariser
  Tensor prediction_loss;           // scalar: mean over all buckets and groups, hidden tokens
  std::vector<Tensor> pair_losses;  // scalars, bucket-major, then mask group
  // D: the encoder's width, times the predictor's levels
  std::vector<Tensor> features;                  // of each bucket: [B, N, D], all tokens of the target encoder
  std::vector<Tensor> targets;                   // the same as they are predicted: with objective.steady
  std::vector<std::vector<Tensor>> contexts;     // [bucket][group]: [B, Kc, D], the encoder's features
  std::vector<std::vector<Tensor>> predictions;  // [bucket][group]: [B, Kt, D]
};

/// The V-JEPA 2 pre-training step (facebookresearch/vjepa2 app/vjepa/train.py), in the networks' own precision:
///   h = layer_norm(target_encoder(clip)),  z = predictor(encoder(clip, context), context, target)
///   loss = mean over mask groups of mean |z - h[target]|^p / p
/// then AdamW, then the target encoder follows the encoder. No gradient is clipped.
class MaskedPretrainer {
 public:
  /// Networks with the initial weights of `seed`; the target encoder begins as a copy of the encoder.
  MaskedPretrainer(const Vjepa2Config& model, const AdamW::Options& optimizer, uint64_t seed);

  /// Converts the networks, before the first step.
  void to(at::Device device, at::ScalarType dtype);

  /// The loss with its graph. @param dropout  null: evaluation. @param step  names SIGReg's directions.
  PretrainForward forward(std::span<const PretrainBucket> batch, const PretrainObjective& objective = {},
                          Dropout* dropout = nullptr, int64_t step = 0) const;
  /// One optimizer step on the gradients that loss.backward() left, which are then dropped, and the EMA step.
  /// @param rates  with a momentum.
  void update(const StepRates& rates);

  /// Targets of whole clips: [B, N, D], without gradients: of the predictor's levels side by side, each layer-normed.
  /// @param tubelets  of unfold_tubelets. @param levels  PretrainObjective::target_levels.
  Tensor targets(const Tensor& tubelets, const TokenGrid& grid, int64_t levels = 1) const;

  VideoEncoder& encoder() const { return *encoder_; }
  VideoEncoder& target_encoder() const { return *target_encoder_; }
  MaskedPredictor& predictor() const { return *predictor_; }
  /// Names: "encoder.NAME", "predictor.NAME". Groups: encoder, predictor, encoder without decay, predictor without
  /// decay.
  AdamW& optimizer() const { return *optimizer_; }

 private:
  std::shared_ptr<VideoEncoder> encoder_, target_encoder_;
  std::shared_ptr<MaskedPredictor> predictor_;
  std::vector<int64_t> layers_;  // of the encoder, that the predictor takes; empty: the last
  Tensor regulariser(const std::vector<std::vector<Tensor>>& contexts, const PretrainObjective& objective,
                     int64_t step) const;

  AdamW::Options options_;
  uint64_t seed_ = 0;
  std::unique_ptr<AdamW> optimizer_;
};

}  // namespace foresee
