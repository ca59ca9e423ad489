#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/loss/latent_prediction.h"
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

/// What masked pre-training has, frozen.
struct MaskedNetworks {
  std::shared_ptr<VideoEncoder> encoder, target_encoder;
  std::shared_ptr<MaskedPredictor> predictor;
  MaskedTargets targets;
};

/// Where an encoder is named, and where files hold one alone, it makes the targets, too.
MaskedNetworks masked_networks(const ModelSource& source, const Vjepa2Weights& weights) {
  MaskedNetworks out{.encoder = foresee::make_encoder(weights),
                     .target_encoder = nullptr,
                     .predictor = make_predictor(weights),
                     .targets = weights.targets};
  if (!weights.average || source.read.weights != EncoderKey::kDefault) {
    out.target_encoder = out.encoder;
    return out;
  }
  ModelSource average = source;
  average.read.weights = EncoderKey::kTargetEncoder;
  out.target_encoder = foresee::make_encoder(vjepa2_read(average, Vjepa2Parts::kEncoder));
  return out;
}

/// As evaluate_pretraining forms both, with one mask: the later half of the time steps.
ClipExpectation expect_later_half(const MaskedNetworks& networks, const Tensor& clips, at::Device device) {
  constexpr int64_t kClipsAtOnce = 16;
  const torch::NoGradGuard no_grad;
  const TubeletSize tubelet = networks.encoder->config.tubelet();
  const auto layers = networks.predictor->config.layers(networks.encoder->config.depth);
  const TokenGrid grid = tubelet.grid(clips);
  const Tensor ids = at::arange(grid.tokens(), at::TensorOptions(at::kLong).device(device)).unsqueeze(0);
  const int64_t seen = grid.time / 2 * grid.height * grid.width;
  std::vector<Tensor> expected, found;
  for (const Tensor& part : clips.split(kClipsAtOnce)) {
    const Tensor tubelets = unfold_tubelets(part.to(device), tubelet);
    const auto of_part = [&](const Tensor& some) { return some.expand({part.size(0), -1}); };
    const Tensor context = of_part(ids.narrow(1, 0, seen)), hidden = of_part(ids.narrow(1, seen, ids.size(1) - seen));
    found.push_back(masked_targets(*networks.target_encoder, tubelets, grid, layers, networks.targets.levels));
    const Tensor features = networks.encoder->forward_masks(tubelets, grid, {&context, 1}, nullptr, layers).front();
    expected.push_back(networks.predictor->forward(features, context, hidden, kTrainingMaskIndex));
  }
  return {at::cat(expected), weigh_change(at::cat(found), grid.time, networks.targets.steady)};
}

ClipPredictor vjepa2_make_clip_predictor(const ModelSource& source, at::Device device) {
  const Vjepa2Weights weights = vjepa2_read(source);
  const VideoEncoderConfig& config = weights.config.encoder;
  if (config.grid().time < 2)
    fail<CheckpointError>("{}: clips of {} frames make one time step, of which there is no later half", weights.source,
                          config.frames);
  const MaskedNetworks networks = masked_networks(source, weights);
  for (torch::nn::Module* module : std::initializer_list<torch::nn::Module*>{
           networks.encoder.get(), networks.target_encoder.get(), networks.predictor.get()})
    module->to(device);
  return {.pictures = with_size(or_transform(weights.preprocess, PictureTransform::kOfficialTensor), config.image_size),
          .frames = config.frames,
          .tubelet = config.tubelet_size,
          .expect = [networks, device](const Tensor& clips) { return expect_later_half(networks, clips, device); }};
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
          .make_clip_predictor = vjepa2_make_clip_predictor,
          .formats = {vjepa2_format("hf", "transformers",
                                    [](const auto& weights, const auto& out) { export_huggingface(weights, out); }),
                      vjepa2_format("official", "Meta's .pt", export_official),
                      vjepa2_format("foresee", "this program", export_foresee)},
          .knows_preset = vjepa2_knows_preset,
          .presets = vjepa2_presets()};
}

}  // namespace foresee
