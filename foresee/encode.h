#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "foresee/array.h"
#include "foresee/error.h"
#include "foresee/export.h"
#include "foresee/job.h"
#include "foresee/read_options.h"
#include "foresee/settings.h"

namespace foresee {

/// What to encode, and how. At least one of `out`, `in_memory` and `classifier` is set.
struct EncodeRequest {
  /// What of the tokens of a clip is kept. T frames make T / tubelet time steps, N tokens of width D.
  enum class Pooling {
    kToken,  // every token: [N, D]
    kFrame,  // the mean over the patches of each time step: [T / tubelet, D]
    kClip,   // the mean over all tokens: [D]
  };
  /// Arithmetic of the network.
  enum class Precision { kFloat32, kBFloat16 };
  /// Whose transform brings pictures to the model's size.
  enum class Preprocess {
    kAuto,            // what the model folder says; of published weights, of the code that they come from
    kHuggingFace,     // transformers' VJEPA2VideoProcessor
    kOfficial,        // Meta's evaluation of decoded video
    kOfficialTensor,  // Meta's evaluation of tensors
  };
  /// How the frames of a clip lie in their part of a video.
  enum class Sampling {
    kTime,  // the frames on show every 1 / fps seconds, whatever the rate of the video; with a frame_step: kSegments
    kSegments,  // as Meta's evaluations: frames counted, over the whole span of the clip, a bit more than a step apart
    kStride,    // frames counted, exactly a step apart
  };
  /// Whose arithmetic turns the numbers of a video into red, green and blue.
  enum class Colours {
    kAuto,     // what the weights were trained with: kSwscale for published ones
    kExact,    // the colour standard's own formulas
    kSwscale,  // FFmpeg's fast path, as PyAV, torchcodec and decord use it; mostly one level of 255 darker
  };
  /// Which encoder of one of Meta's files.
  enum class Weights {
    kDefault,  // the one that the classifier was trained on; else the encoder, of an action-conditioned file the
               // target encoder
    kEncoder,
    kTargetEncoder,
  };

  std::filesystem::path model{};                // model folder, run folder, Hugging Face folder or Meta's .pt
  std::vector<std::filesystem::path> inputs{};  // videos, pictures, folders of them, lists of videos (.csv, .txt)

  std::optional<std::filesystem::path> out{};  // .safetensors (tensor "embeddings") or .npy
  bool in_memory = false;                      // EncodeResult::embeddings holds the rows
  Pooling pooling = Pooling::kClip;            // what becomes of the tokens of a clip
  std::vector<int64_t> layers{};  // features behind these blocks, 0 the first; empty: the output of the network

  std::optional<std::filesystem::path> classifier{};  // probe that names the classes of every input
  std::optional<std::filesystem::path> labels{};      // names of the classes, one per line; empty: the probe's own
  int64_t top = 5;                                    // classes per input, >= 1

  // Of a clip and its pictures, nothing: as the classifier was trained, else as the model was.
  std::optional<int64_t> frames{};            // of a clip; a multiple of the model's tubelet
  std::optional<int64_t> picture_frames{};    // that a picture is repeated to. Where nothing says: one time step's
  std::optional<int64_t> size{};              // px, side of the input; a multiple of the patch
  int64_t clips = 1;                          // of a video, each from an equal part of it
  std::optional<double> fps{};                // rate of a clip, Hz. Where nothing says: 4
  int64_t frame_step = 0;                     // frames of the video between two of a clip; 0: as fps says
  Sampling sampling = Sampling::kTime;        // which frames make a clip
  Colours colours = Colours::kAuto;           // arithmetic of the video's colours
  Preprocess preprocess = Preprocess::kAuto;  // how pixels become the network's input
  Precision precision = Precision::kFloat32;  // of the network's products
  int64_t batch = 1;                          // clips at a time

  Weights weights = Weights::kDefault;   // which encoder of a file that holds two
  std::optional<int64_t> heads{};        // attention heads of an encoder of an unpublished size
  std::optional<int64_t> probe_heads{};  // of a probe
  ReadOptions read{};  // what else files do not say; the three above come before it where they are set

  JobOptions options{};  // the seed is not used
};

/// What was encoded.
struct EncodeResult {
  /// A class of a classifier.
  struct Class {
    int64_t index = 0;                   // of the class, from 0
    std::optional<std::string> label{};  // its name, where names are known
    double probability = 0;              // 0 to 1, mean over the clips of the input
  };
  /// The likeliest classes by one output of the classifier, the likeliest first.
  struct Classes {
    std::string output;      // "linear", "verb_classifier", ...
    std::vector<Class> top;  // most probable first
  };
  /// A video or a picture.
  struct Input {
    std::filesystem::path path;       // of the video or picture
    int64_t first_row = 0, rows = 0;  // of the embeddings: one per clip
    std::vector<Classes> classes{};   // empty without a classifier
  };

  std::string format;                  // of the model: "foresee", "huggingface", "official"
  std::string weights{};               // which of Meta's two encoders: "encoder", "target_encoder"; empty: neither
  std::string transform{};             // that brought pictures to the size: a name of Preprocess, "center_square", ...
  int64_t clips = 0, frames = 0;       // clips in all; frames of a clip of a video
  int64_t size = 0;                    // px, side of the input
  double seconds = 0;                  // for decoding and encoding
  std::vector<int64_t> shape{};        // of the embeddings: [clips, layers if any, what `pooling` keeps]
  Array<float> embeddings{};           // of that shape with `in_memory`, else empty
  std::vector<Input> inputs{};         // files in the order they were named; folders by name
  std::vector<int64_t> failed_rows{};  // clips that did not decode: their rows are NaN, and they take part in no class
  bool stopped = false;  // stopped before the end: nothing was written, and only the fields above `shape` hold
};

/// Turns videos and pictures into embeddings, or into the classes of a probe. Pictures are prepared as the model folder
/// says, or as the classifier's folder says where there is one. Progress is counted in clips. Videos and pictures that
/// do not open are named in a warning (set_log_sink) and left out; clips that do not decode are named and their rows
/// NaN. Several threads may encode at once.
/// @throws CheckpointError for a model or classifier that cannot be read or does not fit; DataError for an input that
/// cannot be read; OutputExists; Error for a request that contradicts itself or the model, or a full disk.
FORESEE_API EncodeResult encode(const EncodeRequest& request, const JobControl& control = {});

}  // namespace foresee
