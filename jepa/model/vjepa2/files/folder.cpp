#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/io/checkpoint_files.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/files/export.h"
#include "jepa/model/vjepa2/files/readers.h"

namespace foresee {
namespace fs = std::filesystem;

// Note [V-JEPA 2 folders]
// model.safetensors of family vjepa2 is the encoder, under the official names. Beside it may lie predictor.safetensors
// with targets.json and target_encoder.safetensors (every checkpoint of a run has them), and a probe: probe.safetensors
// with probe.json.
// Family vjepa2_ac has both networks in model.safetensors: "encoder.NAME" and "predictor.NAME".

namespace {

/// probe.json: what the probe's tensors do not say.
struct ProbeInfo {
  int64_t heads = 16;
  double layer_norm_eps = 1e-5;
  std::vector<std::string> labels;
};
void describe(Fields& f, ProbeInfo& info) {
  f("heads", info.heads, "attention heads", {1, 1024});
  f("layer_norm_eps", info.layer_norm_eps, "epsilon of every LayerNorm", {0});
  f("labels", info.labels, "name of every class; empty: not known");
}

constexpr const char* kVjepa2ProbeInfoFile = "probe.json";

}  // namespace

PictureSpec foresee_pictures(const PictureSpec& said, const std::string& family) {
  return or_transform(said,
                      family == kVjepa2AcFamily ? PictureTransform::kCenterSquare : PictureTransform::kOfficialTensor);
}

Vjepa2Weights read_foresee(const fs::path& folder, const Vjepa2ReadOptions& options, Vjepa2Parts parts) {
  const bool all = parts == Vjepa2Parts::kAll;
  const ModelFolder files = read_model_folder(folder, "", options.allow_nan);
  const std::string where = (folder / "config.json").string() + ": model";
  Vjepa2Weights weights{.source = folder.string(), .taken = files.encoder, .format = "foresee"};
  weights.preprocess = foresee_pictures(files.preprocess, files.family);
  if (files.family == kVjepa2AcFamily) {
    if (options.weights != EncoderKey::kDefault)
      fail<CheckpointError>("{}: an encoder was chosen; a folder of family {} holds one encoder", folder.string(),
                            files.family);
    weights.config.encoder =
        parse_config<VideoEncoderConfig>(files.model.value("encoder", nlohmann::json::object()), where + ".encoder");
    weights.encoder = with_prefix_removed(files.weights, "encoder.");
    if (!all) return weights;
    weights.action_predictor = with_prefix_removed(files.weights, "predictor.");
    const auto predictor = files.model.value("predictor", nlohmann::json());
    const auto heads = predictor.is_object() ? predictor.value("heads", nlohmann::json()) : nlohmann::json();
    weights.action_sizes = stack_sizes(
        weights.action_predictor, "predictor_blocks",
        heads.is_number_integer() ? std::optional(heads.get<int64_t>()) : options.action_heads, "action_heads", where);
    return weights;
  }
  if (files.family != kVjepa2Family)
    fail<CheckpointError>("expected a model of family '{}', got '{}' ({})", kVjepa2Family, files.family,
                          folder.string());
  weights.config = parse_config<Vjepa2Config>(files.model, where);
  weights.encoder = files.weights;
  if (options.weights == EncoderKey::kTargetEncoder) {
    if (!fs::exists(folder / checkpoint_files::kTargetEncoder))
      fail<CheckpointError>("{}: the target encoder was asked for; there is no {}", folder.string(),
                            checkpoint_files::kTargetEncoder);
    weights.encoder = SafetensorsFile(folder / checkpoint_files::kTargetEncoder).tensors();
  }
  weights.average = fs::exists(folder / checkpoint_files::kTargetEncoder);
  if (all && fs::exists(folder / checkpoint_files::kPredictor))
    weights.predictor = SafetensorsFile(folder / checkpoint_files::kPredictor).tensors();
  if (const fs::path targets = folder / checkpoint_files::kTargets; all && fs::exists(targets))
    weights.targets = parse_config<MaskedTargets>(read_json(targets), targets.string());
  if (fs::exists(folder / checkpoint_files::kProbe)) {
    const auto info =
        parse_config<ProbeInfo>(read_json(folder / kVjepa2ProbeInfoFile), (folder / kVjepa2ProbeInfoFile).string());
    ProbeWeights probe{.tensors = SafetensorsFile(folder / checkpoint_files::kProbe).tensors()};
    probe.sizes = probe_sizes(probe.tensors, options.probe_heads.value_or(info.heads), folder.string());
    probe.layer_norm_eps = info.layer_norm_eps;
    probe.labels = info.labels;
    weights.probe = std::move(probe);
  }
  return weights;
}

void export_foresee(const Vjepa2Weights& weights, const fs::path& folder) {
  if (weights.encoder.empty()) fail<CheckpointError>("{}: holds no encoder to export", weights.source);
  if (!weights.action_predictor.empty())
    fail<CheckpointError>("{}: an action-conditioned model, not one of video alone", weights.source);
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) fail<CheckpointError>("{}: cannot create: {}", folder.string(), system_reason(code));
  if (weights.probe) {
    save_safetensors(folder / checkpoint_files::kProbe, weights.probe->tensors);
    write_json(
        folder / kVjepa2ProbeInfoFile,
        config_json(ProbeInfo{weights.probe->sizes.heads, weights.probe->layer_norm_eps, weights.probe->labels}));
  }
  if (!weights.predictor.empty()) {
    save_safetensors(folder / checkpoint_files::kPredictor, weights.predictor);
    write_json(folder / checkpoint_files::kTargets, config_json(weights.targets));
  }
  ModelFolder model;
  model.family = kVjepa2Family;
  model.model = config_json(weights.config);
  model.preprocess = weights.preprocess;
  model.weights = weights.encoder;
  model.encoder = weights.taken;
  save_model_folder(folder, model);
}

}  // namespace foresee
