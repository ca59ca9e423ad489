#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/model/family/rows.h"
#include "jepa/model/vjepa2/files/export.h"
#include "jepa/model/vjepa2/files/readers.h"
#include "jepa/model/vjepa2/models.h"
#include "jepa/model/vjepa2/packed_encoder.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

Vjepa2Weights vjepa2_read(const ModelSource& source, Vjepa2Parts parts = Vjepa2Parts::kAll) {
  return source.preset.empty() ? read_vjepa2(source.path, source.read, parts)
                               : random_vjepa2(source.preset, source.seed);
}

std::vector<std::shared_ptr<torch::nn::Module>> vjepa2_networks(const ModelSource& source) {
  const Vjepa2Weights weights = vjepa2_read(source);
  std::vector<std::shared_ptr<torch::nn::Module>> all;
  if (!weights.encoder.empty()) all.push_back(foresee::make_encoder(weights));
  if (!weights.predictor.empty()) all.push_back(make_predictor(weights));
  if (weights.probe) all.push_back(make_probe(*weights.probe, weights.source));
  return all;
}

ClipEncoder vjepa2_make_clip_encoder(const ModelSource& source, at::Device device) {
  const Vjepa2Weights weights = vjepa2_read(source, Vjepa2Parts::kEncoder);
  const auto encoder = foresee::make_encoder(weights);
  encoder->to(device);
  const auto fast = std::make_shared<PackedEncoder>(encoder, Precision::kFloat32);
  return {.pictures = or_transform(weights.preprocess, PictureTransform::kOfficialTensor),
          .frames = weights.config.encoder.frames,
          .tubelet = weights.config.encoder.tubelet_size,
          .encode = [fast, device](const Tensor& clips) { return fast->forward(clips.to(device)); }};
}

template <class Export>
ExportFormat vjepa2_format(const char* name, const char* meaning, Export write) {
  return {name, meaning, [write](const ModelSource& source, const fs::path& out) {
            const Vjepa2Weights weights = vjepa2_read(source);
            write(weights, out);
            return count_elements(weights.encoder) + count_elements(weights.predictor) +
                   (weights.probe ? count_elements(weights.probe->tensors) : 0);
          }};
}

std::string vjepa2_form_of(const fs::path& given) {
  const fs::path path = own_folder_of(given);
  if (!fs::is_directory(path)) return "official";
  return is_huggingface_folder(resolve_model_folder(path)) ? "hf" : "foresee";
}

bool vjepa2_knows_preset(const std::string& name) {
  try {
    vjepa2_preset(name);
    return true;
  } catch (const ConfigError&) {
    return false;
  }
}

}  // namespace

Family vjepa2_family() {
  return {.name = kVjepa2Family,
          .description = "video transformer and masked predictor (V-JEPA 2)",
          .recognise = [](const fs::path& path) { return vjepa2_content(path) == Vjepa2Content::kVideo; },
          .form = vjepa2_form_of,
          .networks = vjepa2_networks,
          .pictures = [](const ModelSource& source) { return vjepa2_pictures(source.path, source.read); },
          .make_encoder = vjepa2_make_clip_encoder,
          .formats = {vjepa2_format("hf", "transformers",
                                    [](const auto& weights, const auto& out) { export_huggingface(weights, out); }),
                      vjepa2_format("official", "Meta's .pt", export_official),
                      vjepa2_format("foresee", "this program", export_foresee)},
          .knows_preset = vjepa2_knows_preset,
          .presets = vjepa2_presets()};
}

}  // namespace foresee
