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
};

/// The predictor of LeWM: AdaLN blocks over the history, conditioned by the actions.
struct LewmPredictorConfig {
  int64_t frames = 3;  // history window
  int64_t width = 192, layers = 6, heads = 16, head_dim = 64, mlp = 2048;
  double dropout = 0.1;            // attention weights, attention output, MLP
  double embedding_dropout = 0.0;  // embeddings with their positions
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

  /// @throws ConfigError when sizes do not fit together.
  void validate() const;
};

void describe(Fields& fields, LewmVitConfig& config);
void describe(Fields& fields, LewmPredictorConfig& config);
void describe(Fields& fields, LewmConfig& config);

/// The config.json that stable-worldmodel writes (Hydra keys, "_target_": "stable_worldmodel.wm.lewm.LeWM").
/// @throws CheckpointError when a part is missing or of another class.
LewmConfig lewm_config_from_swm(const nlohmann::json& object, const std::string& where);

}  // namespace foresee
