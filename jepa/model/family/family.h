#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "jepa/core/api/read_options.h"
#include "jepa/model/world_model.h"

namespace foresee {

// Note [Families]
// A family is a kind of model: its networks, its files, and what one can do with it. families() lists them, one row
// each, and nothing outside a family's own files asks which one a model belongs to: it asks the row for what it needs.
// A new family is one file that makes its row, and one line of the list. Functions that look a model up take the list
// as an argument, so that a program may hand in its own.

/// Where a model lies, or which published model is made with random weights instead.
struct ModelSource {
  std::filesystem::path path{};  // model folder, run folder, or a published file
  std::string preset{};          // a name that Family::knows_preset knows; then `path` is empty
  uint64_t seed = 0;             // of a preset's weights
  ReadOptions read{};
  int64_t transformers_names = 5;  // written for stable-worldmodel: the names of this major version of transformers
};

/// A form in which models of a family are written.
struct ExportFormat {
  std::string name;     // "hf"
  std::string meaning;  // "transformers"
  /// Writes the model into a folder, which it makes. @returns numbers written, of all networks.
  /// @throws CheckpointError, ConfigError where the form cannot say what the model needs.
  std::function<int64_t(const ModelSource& source, const std::filesystem::path& out)> write;
};

/// How a world model is made.
struct WorldModelOptions {
  at::Device device = at::kCPU;
  ReadOptions read{};
  /// Actions instead of those of the folder. @param block_size  numbers of one action block of the model.
  std::function<ActionSpec(int64_t block_size)> actions{};
};

/// An encoder of clips, weights frozen.
struct ClipEncoder {
  PictureSpec pictures;  // how pictures become its input
  int64_t frames = 1;    // of a training clip
  int64_t tubelet = 1;   // frames of one token: clips have a multiple
  /// @param clips  float [B, 3, T, S, S], normalised. @returns float [B, N, D].
  std::function<Tensor(const Tensor& clips)> encode{};
};

/// What a masked predictor expects of the later half of clips, and what the target encoder then finds in the whole.
struct ClipExpectation {
  Tensor expected;  // float [B, Nt, D]: of the tokens of the later time steps, which are the last ones
  Tensor found;     // float [B, N, D]: of all tokens, time slowest, in the form that the predictor was trained on
};

/// Encoder and masked predictor of clips, weights frozen.
struct ClipPredictor {
  PictureSpec pictures;  // how pictures become its input
  int64_t frames = 1;    // of a clip
  int64_t tubelet = 1;   // frames of one time step
  /// Shows the encoder the first half of the time steps alone. Clips of one call share what their targets are scaled by
  /// (weigh_change), so that what is to be compared belongs into one call.
  /// @param clips  float [B, 3, frames, S, S], normalised.
  std::function<ClipExpectation(const Tensor& clips)> expect{};
};

/// One row: what the rest of the tree knows of a family. Functions without a note must be there.
struct Family {
  std::string name;         // as config.json says it
  std::string description;  // for people, one line without a full stop
  /// Whether a folder, run or file holds a model of it. Must not throw.
  std::function<bool(const std::filesystem::path& path)> recognise;
  /// The form of what is recognised: the name of one of `formats`.
  std::function<std::string(const std::filesystem::path& path)> form;
  /// All networks, weights loaded. @throws CheckpointError.
  std::function<std::vector<std::shared_ptr<torch::nn::Module>>(const ModelSource& source)> networks;
  /// Null: it takes no pictures. How pictures become its input; no weights are read. @throws CheckpointError.
  std::function<PictureSpec(const ModelSource& source)> pictures{};
  /// Null: it plans no actions. @throws CheckpointError.
  std::function<std::unique_ptr<WorldModel>(const std::filesystem::path& path, const WorldModelOptions& options)>
      make_world_model{};
  /// Null: its world model encodes pictures. @throws CheckpointError.
  std::function<ClipEncoder(const ModelSource& source, at::Device device)> make_encoder{};
  /// Null: it has no masked predictor. @throws CheckpointError, also where the files lack it.
  std::function<ClipPredictor(const ModelSource& source, at::Device device)> make_clip_predictor{};
  std::vector<ExportFormat> formats{};
  /// Null: it has none. Whether a published model has that name.
  std::function<bool(const std::string& preset)> knows_preset{};
  std::vector<std::string> presets{};
};

/// Every family.
const std::vector<Family>& families();

/// The family of what lies at a path; null where it is none of `known`.
const Family* find_family(const std::filesystem::path& path, const std::vector<Family>& known = families());
/// The same. @throws CheckpointError that says what is wrong with the path, or which families there are.
const Family& family_of(const std::filesystem::path& path, const std::vector<Family>& known = families());
/// The family of a published model. @throws ConfigError for an unknown name, with the nearest known one.
const Family& family_of_preset(const std::string& preset, const std::vector<Family>& known = families());

/// As load_world_model of jepa/model/world_model.h.
std::unique_ptr<WorldModel> load_world_model(const std::filesystem::path& path, const WorldModelOptions& options,
                                             const std::vector<Family>& known = families());

/// "a, b or c".
std::string either_of(const std::vector<std::string>& names);
/// Numbers of all tensors.
int64_t count_elements(const TensorMap& tensors);

}  // namespace foresee
