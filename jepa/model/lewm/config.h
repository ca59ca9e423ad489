#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "jepa/core/config.h"

namespace foresee {

/// The image encoder of LeWM: a ViT with a class token (Hugging Face ViTModel without pooler).
struct LewmVitConfig {
  int64_t image_size = 224;  // pixels; other sizes interpolate the position embedding
  int64_t patch = 14;        // pixels
  int64_t width = 192, layers = 12, heads = 3, mlp = 768;
  int64_t head_dim = 0;  // width of an attention head; 0: width / heads
  double eps = 1e-12;    // of its norms

  /// Width of all heads together.
  int64_t attention() const { return head_dim > 0 ? heads * head_dim : width; }
};

/// How the predictor gets from a frame to those after it.
enum class LewmPredictorKind {
  kRecursive,  // LeWM: one block after the other, from a window of frames
  kPrefix,  // Fast-LeWM (arXiv 2606.26217): all horizons in one pass, from the newest frame and the actions' prefixes
};

/// The blocks of the predictor (jepa/nn/adaln.h).
enum class LewmBlocks {
  kLewm,  // attention and MLP begin with a norm of their own
  kDit,   // they do not, and queries, keys and values have a bias (torch-world)
};

/// The predictor of LeWM: AdaLN blocks over the history, conditioned by the actions.
struct LewmPredictorConfig {
  int64_t frames = 3;  // history window
  int64_t width = 192, layers = 6, heads = 16, head_dim = 64, mlp = 2048;
  double dropout = 0.1;            // attention weights, attention output, MLP
  double embedding_dropout = 0.0;  // embeddings with their positions
  LewmPredictorKind kind = LewmPredictorKind::kRecursive;
  LewmBlocks blocks = LewmBlocks::kLewm;
  int64_t prefix_layers = 3;  // prefix: blocks of the causal transformer over state and actions; `layers` is the MLP's
  int64_t horizon = 5;        // prefix: action blocks of one pass; longer plans go on from the last prediction

  bool own_norms() const { return blocks == LewmBlocks::kLewm; }
  double last_eps() const { return own_norms() ? 1e-5 : 1e-6; }  // of the norm behind the blocks
  /// Frames that a prediction looks at: `frames`, or the newest alone (prefix).
  int64_t history() const { return kind == LewmPredictorKind::kPrefix ? 1 : frames; }
};

/// Heads on embeddings (Note [Heads of LeWM]); 0: there is none, as in published models.
struct LewmHeadsConfig {
  int64_t inverse_hidden = 0;   // hidden width of the inverse-dynamics head
  int64_t distance_hidden = 0;  // hidden width of the distance head
  int64_t decoder_width = 0;    // channels of the picture decoder's smallest grid
};

/// LeWorldModel (arXiv 2603.19312); the defaults are the published model of 18 M parameters.
struct LewmConfig {
  LewmVitConfig vit;
  LewmPredictorConfig predictor;
  int64_t embedding = 192;           // width of a frame's embedding
  int64_t projector_hidden = 2048;   // hidden width of the projection after the ViT
  int64_t prediction_hidden = 2048;  // hidden width of the projection after the predictor
  int64_t action_block = 10;         // numbers in an action block: frame skip x action size
  int64_t action_smoothed = 10;      // width of the first action layer
  int64_t action_mlp_scale = 4;      // hidden width of the action embedder / embedding
  int64_t proprioception = 0;        // numbers of the robot's own state that join a picture; 0: pictures alone
  LewmHeadsConfig heads;

  /// @throws ConfigError when sizes do not fit together.
  void validate() const;
};

void describe(Fields& fields, LewmVitConfig& config);
void describe(Fields& fields, LewmPredictorConfig& config);
void describe(Fields& fields, LewmHeadsConfig& config);
void describe(Fields& fields, LewmConfig& config);

/// The config.json that stable-worldmodel writes (Hydra keys, "_target_": "stable_worldmodel.wm.lewm.LeWM").
/// @throws CheckpointError when a part is missing or of another class.
LewmConfig lewm_config_from_swm(const nlohmann::json& object, const std::string& where);
/// Ours (ModelFolder::model) or stable-worldmodel's.
LewmConfig lewm_config(const nlohmann::json& object, const std::string& where);
/// The config.json that stable-worldmodel reads: the inverse of lewm_config_from_swm.
/// @throws ConfigError for a variant that it does not have (prefix predictor, proprioception, heads).
nlohmann::ordered_json swm_config(const LewmConfig& config);

}  // namespace foresee
