#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "jepa/io/model_folder.h"
#include "jepa/model/vjepa2/encoder.h"
#include "jepa/model/vjepa2/predictor.h"

namespace foresee {

/// Family in config.json.
inline constexpr const char *kVjepa2Family = "vjepa2", *kVjepa2AcFamily = "vjepa2_ac";

/// The networks of the `vjepa2` family: "model" of config.json. Defaults: ViT-L of the release.
struct Vjepa2Config {
  VideoEncoderConfig encoder;
  MaskedPredictorConfig predictor;
};
void describe(Fields& fields, Vjepa2Config& config);

/// Encoder sizes by upstream's constructor name: vit_tiny .. vit_gigantic_xformers. All else is the default.
/// @throws ConfigError for an unknown name, with the nearest known one.
VideoEncoderConfig video_encoder_preset(const std::string& name);
std::vector<std::string> video_encoder_presets();

/// Attention heads of the encoders with this width and depth. Nothing where there is none, or where several differ and
/// not one of them was published: a ViT of 1664 x 48 has 16 or 26.
std::optional<int64_t> video_encoder_heads(int64_t width, int64_t depth);

/// A published model: its sizes, crop and frames, and the differences of the code it was published with.
struct PublishedModel {
  std::string_view name;     // "vitl", "vjepa2_vit_large", "vjepa2-vitl-fpc64-256"
  std::string_view encoder;  // a name of video_encoder_presets()
  int64_t image_size, frames;
  bool hugging_face;  // transformers' variant (Note [V-JEPA 2 variants])
};
/// Meta's files (vitl.pt, ..., vjepa2-ac-vitg.pt), torch.hub entries and Hugging Face repositories.
std::span<const PublishedModel> published_models();

/// Networks by name: a published model, or one of video_encoder_presets() with the released predictor. "facebook/" in
/// front and ".pt" behind are taken off. @throws ConfigError for an unknown name, with the nearest known one.
Vjepa2Config vjepa2_preset(const std::string& name);
std::vector<std::string> vjepa2_presets();

/// A trained encoder as others use it: weights frozen, and how pictures become its input.
struct LoadedVideoEncoder {
  std::shared_ptr<VideoEncoder> encoder;
  Preprocess preprocess;
};

/// Loads the encoder of anything that read_vjepa2 reads (jepa/model/vjepa2/files/weights.h): a folder of ours, of
/// Hugging Face, Meta's .pt. @throws CheckpointError for another family or weights that do not fit.
LoadedVideoEncoder load_video_encoder(const std::filesystem::path& path);

}  // namespace foresee
