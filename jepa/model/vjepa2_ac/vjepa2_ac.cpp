#include "jepa/model/vjepa2_ac/vjepa2_ac.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/files/weights.h"
#include "jepa/model/vjepa2_ac/arm_pose.h"

namespace foresee {
namespace {

constexpr double kFeatureEps = 1e-5;   // torch.nn.functional.layer_norm's default
constexpr int64_t kEncodedAtOnce = 8;  // frames

void freeze(torch::nn::Module& module) {
  for (auto& parameter : module.parameters()) parameter.requires_grad_(false);
}

Tensor list_tensor(const std::vector<double>& values, const at::TensorOptions& options) {
  return torch::tensor(values, at::kDouble).to(options);
}

}  // namespace

void Vjepa2AcConfig::validate() const {
  const auto size = static_cast<size_t>(predictor.state_size);
  if ((!state_mean.empty() && state_mean.size() != size) || (!state_std.empty() && state_std.size() != size))
    fail<ConfigError>("state_mean, state_std: expected {} numbers each (predictor.state_size) or none, got {} and {}",
                      size, state_mean.size(), state_std.size());
  if (std::any_of(state_std.begin(), state_std.end(), [](double s) { return !(s > 0); }))
    fail<ConfigError>("state_std: expected positive numbers");
  if (state_update == StateUpdate::kArmPose && predictor.state_size != kArmPoseSize)
    fail<ConfigError>("state_update: arm_pose is for states of {} numbers, predictor.state_size is {}", kArmPoseSize,
                      predictor.state_size);
}

void describe(Fields& f, Vjepa2AcConfig& c) {
  f("encoder", c.encoder, "the video transformer, frozen, applied to single frames");
  f("predictor", c.predictor, "predicts the next frame's features from frames, states and actions");
  f("normalise_features", c.normalise_features, "LayerNorm without weights on features and predictions");
  f.choice("state_update", c.state_update, kStateUpdateNames,
           "how the robot's state follows an action; none: the predictor is told no states");
  f("state_mean", c.state_mean, "of the robot's states, subtracted before the predictor; empty: nothing");
  f("state_std", c.state_std, "what the robot's states are divided by; empty: nothing", {0});
}

Vjepa2Ac::Vjepa2Ac(const Vjepa2AcConfig& config) : Vjepa2Ac(config, std::make_shared<VideoEncoder>(config.encoder)) {}

Vjepa2Ac::Vjepa2Ac(const Vjepa2AcConfig& config_in, std::shared_ptr<VideoEncoder> encoder_in)
    : config(config_in),
      encoder(std::move(encoder_in)),
      predictor(std::make_shared<ActionPredictor>(config.predictor, config.encoder.width, config.encoder.rope_angles)) {
  config.validate();
  freeze(*encoder);
}

Tensor Vjepa2Ac::encode(const Tensor& frames) const {
  const torch::NoGradGuard no_grad;
  FORESEE_CHECK(frames.dim() == 4 && frames.size(1) == 3, "expected frames [N, 3, H, W], got {}", describe(frames));
  std::vector<Tensor> parts;
  for (const Tensor& part : frames.split(kEncodedAtOnce)) {
    const Tensor clips = part.unsqueeze(2).expand({-1, -1, config.encoder.tubelet_size, -1, -1});
    parts.push_back(normalise(encoder->forward(clips)));
  }
  return parts.size() == 1 ? parts.front() : at::cat(parts);
}

Tensor Vjepa2Ac::normalise(const Tensor& features) const {
  if (!config.normalise_features) return features;
  return at::layer_norm(features, {features.size(-1)}, {}, {}, kFeatureEps, /*cudnn_enable=*/false);
}

FrameGrid Vjepa2Ac::grid() const {
  const int64_t side = config.encoder.image_size / config.encoder.patch_size;
  return {side, side};
}

Tensor Vjepa2Ac::normalise_states(const Tensor& states) const {
  const auto options = predictor->embed.weight.options().requires_grad(false);
  if (config.state_update == StateUpdate::kNone) {
    auto shape = states.sizes().vec();
    shape.back() = config.predictor.state_size;
    return at::zeros(shape, options);
  }
  FORESEE_CHECK(states.size(-1) == config.predictor.state_size, "expected states [..., {}], got {}",
                config.predictor.state_size, describe(states));
  Tensor x = states;
  if (!config.state_mean.empty()) x = x - list_tensor(config.state_mean, x.options());
  if (!config.state_std.empty()) x = x / list_tensor(config.state_std, x.options());
  return x.to(options);
}

Tensor Vjepa2Ac::next_states(const Tensor& states, const Tensor& actions) const {
  if (config.state_update == StateUpdate::kNone) return states;
  FORESEE_CHECK(actions.size(-1) == states.size(-1), "expected actions of the state's {} numbers, got {}",
                states.size(-1), describe(actions));
  if (config.state_update == StateUpdate::kAdd) return states + actions.sum(-2);
  Tensor pose = states;
  for (const Tensor& action : actions.unbind(-2)) pose = compute_new_pose(pose, action);
  return pose;
}

TensorMap Vjepa2Ac::weights() const {
  TensorMap all = with_prefix_added(state_dict(*encoder), "encoder.");
  all.merge(with_prefix_added(state_dict(*predictor), "predictor."));
  return all;
}

void Vjepa2Ac::load(const TensorMap& weights, const std::string& source) {
  load_state_dict(*encoder, with_prefix_removed(weights, "encoder."), source + ": encoder");
  load_state_dict(*predictor, with_prefix_removed(weights, "predictor."), source + ": predictor");
}

PictureSpec new_action_pictures(const PictureSpec& of_encoder, const Vjepa2AcConfig& config) {
  return action_pictures(
      {.mean = of_encoder.mean, .std = of_encoder.std, .colours = of_encoder.colours, .scale = of_encoder.scale},
      config);
}

PictureSpec action_pictures(PictureSpec said, const Vjepa2AcConfig& config) {
  said.size = config.encoder.image_size;
  if (said.transform != PictureTransform::kCenterSquare && said.transform != PictureTransform::kFit) {
    if (said.transform != PictureTransform::kFamily)
      fail<ConfigError>("an action predictor plans with pictures of transform center_square or fit, got {}",
                        rule_name(said));
    said = with_transform(std::move(said), PictureTransform::kCenterSquare);
  }
  return said;
}

Tensor action_input(const Tensor& frames, const PictureSpec& spec) {
  if (spec.transform == PictureTransform::kCenterSquare) return frame_input(frames, spec, spec.size, spec.size);
  FORESEE_CHECK(frames.size(-1) == spec.size && frames.size(-2) == spec.size, "expected pictures of {} x {}, got {}",
                spec.size, spec.size, describe(frames));
  return spec.normalise(frames);
}

LoadedVjepa2Ac load_vjepa2_ac(const ModelFolder& folder, const std::string& source) {
  if (!folder.actions) fail<CheckpointError>("{}: no actions.json: a world model needs to know its actions", source);
  LoadedVjepa2Ac loaded{Vjepa2Ac(parse_config<Vjepa2AcConfig>(folder.model, source + "/config.json: model")),
                        folder.preprocess, *folder.actions};
  loaded.encoder = folder.encoder;
  loaded.preprocess = action_pictures(loaded.preprocess, loaded.model.config);
  adopt_state_dict(*loaded.model.encoder, with_prefix_removed(folder.weights, "encoder."), source + ": encoder");
  adopt_state_dict(*loaded.model.predictor, with_prefix_removed(folder.weights, "predictor."), source + ": predictor");
  return loaded;
}

LoadedVjepa2Ac load_vjepa2_ac(const std::filesystem::path& given, const ReadOptions& options) {
  const std::filesystem::path path = own_folder_of(given);
  if (!std::filesystem::is_directory(path)) return load_vjepa2_ac(read_vjepa2(path, options), options.use_extrinsics);
  ModelFolder folder = load_model_folder(path, kVjepa2AcFamily, options.allow_nan);
  return load_vjepa2_ac(folder, path.string());
}

LoadedVjepa2Ac load_vjepa2_ac(const Vjepa2Weights& files, bool use_extrinsics) {
  if (files.action_predictor.empty())
    fail<CheckpointError>("{}: holds no action-conditioned predictor; V-JEPA 2-AC does", files.source);
  const auto inputs = [&](const char* name, int64_t otherwise) {
    const auto found = files.action_predictor.find(name);
    return found == files.action_predictor.end() || found->second.dim() != 2 ? otherwise : found->second.size(1);
  };
  Vjepa2AcConfig config;
  config.encoder = files.config.encoder;
  config.predictor = {.width = files.action_sizes.width,
                      .depth = files.action_sizes.depth,
                      .heads = files.action_sizes.heads,
                      .mlp_ratio = files.action_sizes.mlp_ratio(),
                      .action_size = inputs("action_encoder.weight", kArmPoseSize),
                      .state_size = inputs("state_encoder.weight", kArmPoseSize),
                      .extrinsics_size = inputs("extrinsics_encoder.weight", kArmPoseSize - 1),
                      .use_extrinsics = use_extrinsics,
                      .qkv_bias = files.action_sizes.qkv_bias};
  LoadedVjepa2Ac loaded{Vjepa2Ac(config), new_action_pictures(files.preprocess, config),
                        ActionSpec{.size = config.predictor.action_size}};
  loaded.encoder = files.taken;
  adopt_state_dict(*loaded.model.encoder, files.encoder, files.source + ": encoder");
  adopt_state_dict(*loaded.model.predictor, files.action_predictor, files.source + ": action predictor");
  return loaded;
}

}  // namespace foresee
