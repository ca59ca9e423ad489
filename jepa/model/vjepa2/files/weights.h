#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "jepa/core/api/read_options.h"
#include "jepa/io/model_folder.h"
#include "jepa/model/vjepa2/masked_targets.h"
#include "jepa/model/vjepa2/vjepa2.h"

namespace foresee {

inline constexpr std::pair<EncoderKey, std::string_view> kEncoderKeyNames[] = {
    {EncoderKey::kDefault, "default"},
    {EncoderKey::kEncoder, "encoder"},
    {EncoderKey::kTargetEncoder, "target_encoder"}};

/// Which encoder of a file is taken: the one rule of all commands. The wanted one; else the only one; else the moving
/// average where something is trained on its features (an action predictor, a probe), as upstream trains them, and the
/// encoder where nothing is, as Meta's hub does.
/// @param trained_on  ReadOptions::trained_on, or an action predictor in the file. @returns not kDefault.
EncoderKey taken_encoder(EncoderKey wanted, bool has_encoder, bool has_target, bool trained_on);

using Vjepa2ReadOptions = ReadOptions;  // what a file does not say

/// Sizes of a stack of transformer blocks, as its tensors show them.
struct StackSizes {
  int64_t width = 0, depth = 0, heads = 0, mlp = 0;
  bool qkv_bias = true;

  /// The double r with int(width * r) == mlp.
  double mlp_ratio() const;
};

/// An attentive probe: tensors "pooler.*" and "linear.*" (or "verb_classifier.*", "noun_classifier.*",
/// "action_classifier.*"), official names.
struct ProbeWeights {
  TensorMap tensors;
  StackSizes sizes;                 // depth: self-attention blocks in front of the cross-attention block
  double layer_norm_eps = 1e-5;     // official 1e-5, Hugging Face 1e-6
  std::vector<std::string> labels;  // by class; empty where the file has none
};

/// Everything that one file or folder of the V-JEPA 2 family holds, under the official names, whatever the names in it.
/// Tensors are views of memory-mapped files.
struct Vjepa2Weights {
  std::string source;  // the path, for messages
  /// Which encoder of one of Meta's files `encoder` is: "encoder" or "target_encoder"; empty: neither.
  std::string taken{};
  std::string format;  // "foresee", "huggingface", "official"
  /// Architecture of what is there; of what is not, the defaults. Hugging Face's folders set their quirks.
  Vjepa2Config config;
  Preprocess preprocess;
  TensorMap encoder;           // empty in a probe file
  TensorMap predictor;         // masked predictor; empty where there is none
  MaskedTargets targets{};     // what that was trained to predict
  bool average = false;        // the encoder's moving average is there, too: EncoderKey::kTargetEncoder reads it
  TensorMap action_predictor;  // V-JEPA 2-AC; empty where there is none
  StackSizes action_sizes;
  std::optional<ProbeWeights> probe;
};

/// Which networks are wanted. What is not wanted is not read, and needs no option.
enum class Vjepa2Parts {
  kAll,
  kEncoder,  // and a probe on it
};

/// Reads the weights of the V-JEPA 2 family from whatever they come in, wrappings taken off (Note [Wrappings]):
///  - a model folder, checkpoint folder or run folder of this program;
///  - a Hugging Face folder (config.json of model_type "vjepa2"; model.safetensors, pytorch_model.bin or an index of
///    several), or one weight file of it;
///  - Meta's .pt files: pretraining, action-conditioned, probe; an encoder's state dict; a pickled module of
///    transformers, whose config is in it.
/// @throws CheckpointError for another family, a V-JEPA 2.1 file (by name), an action predictor without its encoder, or
/// tensors that do not fit (all of them at once); NotFiniteError; UnknownSizeError for sizes that an option has to
/// give.
Vjepa2Weights read_vjepa2(const std::filesystem::path& path, const Vjepa2ReadOptions& options = {},
                          Vjepa2Parts parts = Vjepa2Parts::kAll);

/// How pictures become the input of what read_vjepa2 reads; no weights are read. @throws CheckpointError.
PictureSpec vjepa2_pictures(const std::filesystem::path& path, const Vjepa2ReadOptions& options = {});

/// What of read_vjepa2's forms lies at a path.
enum class Vjepa2Content {
  kNone,     // nothing that it reads
  kVideo,    // networks of video alone: encoder, masked predictor, probe
  kActions,  // an action-conditioned predictor on an encoder
};
/// Never throws for a path that is something else.
Vjepa2Content vjepa2_content(const std::filesystem::path& path);

/// The encoder alone, weights frozen; it takes the mapped tensors as they are.
LoadedVideoEncoder load_video_encoder(const std::filesystem::path& path, const Vjepa2ReadOptions& options);

/// Sizes of a stack from its tensors. @param blocks  "blocks", "predictor_blocks", "pooler.blocks".
/// @param heads  undefined: from the published model with this width and depth.
/// @param option  the member of ReadOptions that gives them where they are unknown: "heads".
/// @throws UnknownSizeError.
StackSizes stack_sizes(const TensorMap& tensors, const std::string& blocks, std::optional<int64_t> heads,
                       const std::string& option, const std::string& source);

}  // namespace foresee
