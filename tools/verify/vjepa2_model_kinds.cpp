#include <ATen/ATen.h>

#include <algorithm>

#include "data/picture/published_transform.h"
#include "data/picture/transform.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/pt_file.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/models.h"
#include "jepa/train/masked/official_checkpoint.h"
#include "jepa/train/masked/schedule.h"
#include "jepa/train/masked/step.h"
#include "tools/verify/case.h"

namespace foresee::parity {
namespace {

using nlohmann::json;

// transformers' [B, T, 3, H, W].
Tensor frames_last(const Tensor& pixels) { return pixels.permute({0, 2, 1, 3, 4}).contiguous(); }

Tensor all_ids(const Tensor& tokens) {
  return at::arange(tokens.size(1), at::kLong).unsqueeze(0).expand({tokens.size(0), -1}).contiguous();
}

/// What Meta's files do not say, from the case.
Vjepa2ReadOptions read_options(const json& config, EncoderKey weights) {
  Vjepa2ReadOptions options;
  options.weights = weights;
  if (config.contains("encoder")) options.heads = config["encoder"].at("num_heads").get<int64_t>();
  if (config.contains("predictor")) options.predictor_heads = config["predictor"].at("heads").get<int64_t>();
  if (config.contains("crop_size")) options.image_size = config["crop_size"].get<int64_t>();
  if (config.contains("num_frames")) options.frames = config["num_frames"].get<int64_t>();
  return options;
}

/// The sizes of the file's networks where it says them, the case's layer_norm_eps.
Vjepa2Weights read_official(const Case& c, EncoderKey key) {
  const auto& config = c.json().at("config");
  Vjepa2Weights weights = read_vjepa2(c.folder() / "latest.pt", read_options(config, key));
  const double eps = config.value("layer_norm_eps", weights.config.encoder.layer_norm_eps);
  weights.config.encoder.layer_norm_eps = weights.config.predictor.layer_norm_eps = eps;
  return weights;
}

void expect_forward(Case& c) {
  const torch::NoGradGuard no_grad;
  const Vjepa2Weights weights = read_official(c, EncoderKey::kEncoder);
  const auto encoder = make_encoder(weights);
  const auto predictor = make_predictor(weights);
  const Tensor clip = c.io("clip"), mask = c.io("mask_enc"), targets = c.io("mask_pred");
  const Tensor whole = encoder->forward(clip), context = encoder->forward(clip, mask);
  const Tensor unsorted = encoder->forward(clip, c.io("mask_enc_unsorted"));
  c.expect_io("encoder_out", whole);
  c.expect_io("target_encoder_out", make_encoder(read_official(c, EncoderKey::kTargetEncoder))->forward(clip));
  c.expect_io("masked_encoder_out", context);
  c.expect_io("masked_encoder_out_unsorted", unsorted);
  c.expect_io("masked_encoder_out_two_masks", at::cat({context, unsorted}));
  for (int64_t i = 0; c.has(fmt::format("io.safetensors:predictor_out_mask_index{}", i)); ++i)
    c.expect_io(fmt::format("predictor_out_mask_index{}", i), predictor->forward(context, mask, targets, i));
  c.expect_io("predictor_out_all_context_all_target",
              predictor->forward(whole, all_ids(whole), all_ids(whole), kInferenceMaskIndex));
  std::vector<int64_t> layers;
  for (int64_t i = 0; i < encoder->config.depth; ++i)
    if (c.has(fmt::format("io.safetensors:encoder_out_layer{}", i))) layers.push_back(i);
  if (layers.empty()) return;
  const auto levels = encoder->forward_levels(clip, layers);
  for (size_t i = 0; i < layers.size(); ++i) c.expect_io(fmt::format("encoder_out_layer{}", layers[i]), levels[i]);
}

PretrainSchedule schedule_of_resume(const json& optimizer) {
  PretrainSchedule s;
  s.start_rate = optimizer.at("start_lr").get<double>();
  s.peak_rate = optimizer.at("lr").get<double>();
  s.final_rate = optimizer.at("final_lr").get<double>();
  s.weight_decay = optimizer.at("wd").get<double>();
  s.final_weight_decay = optimizer.at("final_wd").get<double>();
  s.ema_start = optimizer.at("ema").at(0).get<double>();
  s.ema_end = optimizer.at("ema").at(1).get<double>();
  s.epochs = optimizer.at("epochs").get<double>();
  s.steps_per_epoch = optimizer.at("ipe").get<double>();
  s.warmup_epochs = optimizer.at("warmup").get<double>();
  s.stretch = optimizer.value("ipe_scale", 1.0);
  return s;
}

/// One more step from Meta's file.
void expect_resume(Case& c) {
  const json& optimizer = c.json().at("resume").at("optimizer");
  const AdamW::Options options{optimizer.at("betas").at(0).get<double>(), optimizer.at("betas").at(1).get<double>(),
                               optimizer.at("eps").get<double>()};
  const Vjepa2Weights weights = read_official(c, EncoderKey::kEncoder);
  MaskedPretrainer trainer(weights.config, options, /*seed=*/0);
  const OfficialProgress progress = resume_official(c.folder() / "latest.pt", trainer);
  const PretrainSchedule schedule = schedule_of_resume(optimizer);
  const int64_t done = progress.epoch.value_or(0) * static_cast<int64_t>(schedule.steps_per_epoch);
  const StepRates rates = rates_at(schedule, done + 1);

  PretrainBucket bucket{c.io("resume.clip"), {}};
  for (int64_t g = 0; c.has(fmt::format("io.safetensors:resume.group{}.mask_enc", g)); ++g)
    bucket.masks.push_back(
        {c.io(fmt::format("resume.group{}.mask_enc", g)), c.io(fmt::format("resume.group{}.mask_pred", g))});
  const PretrainForward forward = trainer.forward(std::span(&bucket, 1));
  forward.loss.backward();
  trainer.update(rates);

  json decays = json::array();
  for (const auto& group : trainer.optimizer().groups()) decays.push_back(group.weight_decay);
  c.expect_json("resume.step", done + 1);
  c.expect_json("resume.loss", forward.loss.item<double>());
  c.expect_json("resume.lr", rates.learning_rate);
  c.expect_json("resume.weight_decay", decays);
  c.expect_json("resume.ema_momentum", rates.ema_momentum.value());
  const std::pair<const char*, torch::nn::Module*> modules[] = {{"encoder", &trainer.encoder()},
                                                                {"predictor", &trainer.predictor()},
                                                                {"target_encoder", &trainer.target_encoder()}};
  for (const auto& [name, module] : modules)
    for (const auto& [key, value] : state_dict(*module))
      c.expect(fmt::format("resume_after.{}.safetensors:{}", name, key), value);
}

/// What the file says beside its networks.
void expect_contents(Case& c) {
  const PtFile file(c.folder() / "latest.pt");
  const PickleValue& root = file.root();
  json keys = json::array();  // in the recorded order, others behind
  for (const auto& key : c.json().value("checkpoint_keys", std::vector<std::string>{}))
    if (root.find(key) != nullptr) keys.push_back(key);
  for (size_t i = 0; i + 1 < root.items.size(); i += 2)
    if (const std::string key(root.items[i]->text); std::find(keys.begin(), keys.end(), key) == keys.end())
      keys.push_back(key);
  c.expect_json("checkpoint_keys", keys);
  for (const char* network : {"encoder", "predictor"})
    if (const PickleValue* tensors = root.find(network); tensors != nullptr && !tensors->items.empty())
      c.expect_json(fmt::format("{}_key_example", network), std::string(tensors->items.front()->text));
  const OfficialProgress progress = official_progress(file);
  const auto expect_scalar = [&](const char* name, const auto& value) {
    if (value) c.expect_json(fmt::format("scalars.{}", name), *value);
  };
  expect_scalar("epoch", progress.epoch);
  expect_scalar("loss", progress.loss);
  expect_scalar("lr", progress.learning_rate);
  expect_scalar("batch_size", progress.batch_size);
  expect_scalar("world_size", progress.world_size);
}

/// Tensors of every view and dtype, one by one.
void expect_views(Case& c) {
  const char* recorded = "views_and_dtypes.expected.safetensors";
  if (!c.has("views_and_dtypes.pt")) return;
  const TensorMap tensors = c.file("views_and_dtypes.pt");
  for (const auto& [path, value] : tensors) {
    c.expect(fmt::format("{}:{}", recorded, path), value);
    if (const size_t dot = path.find('.'); dot != std::string::npos)
      c.expect(fmt::format("{}:{}", recorded, path.substr(dot + 1)), value);
  }
}

// uint8 [T, H, W, 3] -> [T, 3, H, W].
Tensor channels_first(const Tensor& frames) { return frames.permute({0, 3, 1, 2}).contiguous(); }

data::Normalisation normalisation_of(const json& root) {
  data::Normalisation n;
  if (root.contains("mean")) n.mean = root["mean"].get<std::array<double, 3>>();
  if (root.contains("std")) n.std = root["std"].get<std::array<double, 3>>();
  return n;
}

}  // namespace

void verify_vjepa2_hf_base(Case& c) {
  const torch::NoGradGuard no_grad;
  const Vjepa2Weights weights = read_vjepa2(c.folder());
  const auto encoder = make_encoder(weights);
  const auto predictor = make_predictor(weights);
  const Tensor clip = frames_last(c.io("pixel_values_videos"));
  const Tensor context_ids = c.io("context_mask"), target_ids = c.io("target_mask");
  const Tensor whole = encoder->forward(clip), context = encoder->forward(clip, context_ids);
  c.expect_io("last_hidden_state", whole);
  c.expect_io("masked_hidden_state", context);
  c.expect_io("target_hidden_state", gather_tokens(whole, target_ids));
  c.expect_io("predictor_output", predictor->forward(context, context_ids, target_ids, kInferenceMaskIndex));
  c.expect_io("predictor_output_default",
              predictor->forward(whole, all_ids(whole), all_ids(whole), kInferenceMaskIndex));
  c.expect_io("single_frame_hidden_state", encoder->forward(clip.narrow(2, 0, 1)));
  const auto states = encoder->hidden_states(clip);
  c.expect_io("embeddings", states.front());
  for (size_t i = 0; i < states.size(); ++i) c.expect_io(fmt::format("hidden_states.{}", i), states[i]);
}

void verify_vjepa2_hf_classifier(Case& c) {
  const torch::NoGradGuard no_grad;
  const Vjepa2Weights weights = read_vjepa2(c.folder());
  if (!weights.probe) fail<CheckpointError>("{}: holds no classifier", c.folder().string());
  const auto probe = make_probe(*weights.probe, weights.source);
  const Tensor tokens = make_encoder(weights)->forward(frames_last(c.io("pixel_values_videos")));
  c.expect_io("last_hidden_state", tokens);
  c.expect_io("pooler_output", probe->pool(tokens).select(1, 0));
  c.expect_io("logits", probe->forward(tokens).front());
}

void verify_vjepa2_official_pt(Case& c) {
  expect_forward(c);
  if (c.json().contains("resume")) expect_resume(c);
  expect_contents(c);
  expect_views(c);
  expect_checkpoint_files(c);
}

void verify_vjepa2_official_probe(Case& c) {
  const torch::NoGradGuard no_grad;
  const auto& config = c.json().at("config");
  const auto path = c.folder() / "latest.pt";
  Vjepa2ReadOptions options;
  options.probe_heads = config.at("num_heads").get<int64_t>();
  const PtFile file(path);
  const PickleValue* classifiers = file.root().find("classifiers");
  if (classifiers == nullptr) fail<CheckpointError>("{}: holds no classifiers", path.string());
  for (size_t i = 0; i < classifiers->items.size(); ++i) {
    options.classifier = static_cast<int64_t>(i);
    const Vjepa2Weights weights = read_vjepa2(path, options);
    if (!weights.probe) fail<CheckpointError>("{}: holds no probe", path.string());
    ProbeWeights each = *weights.probe;
    each.layer_norm_eps = config.value("layer_norm_eps", each.layer_norm_eps);
    const auto probe = make_probe(each, fmt::format("{}: classifier {}", path.string(), i));
    for (const char* set : {"", "_small"}) {
      if (!c.has(fmt::format("io.safetensors:tokens{}", set))) continue;
      const Tensor tokens = c.io(fmt::format("tokens{}", set));
      c.expect_io(fmt::format("pooled{}{}", i, set), probe->pool(tokens));
      const auto logits = probe->forward(tokens);
      c.expect_io(fmt::format("logits{}{}", i, set), logits.front());
      if (i > 0) continue;
      for (size_t o = 0; o < logits.size(); ++o) {
        const std::string& output = probe->config.outputs[o];  // "verb_classifier"
        c.expect_io(fmt::format("logits_{}{}", output.substr(0, output.find('_')), set), logits[o]);
      }
    }
  }
  expect_checkpoint_files(c);
}

void verify_vjepa2_preprocess(Case& c) {
  using data::PublishedTransform;
  const data::Normalisation normalisation = normalisation_of(c.json());
  for (const auto& size : c.json().at("sizes")) {
    const auto name = size.at("name").get<std::string>();
    const auto crop = size.at("crop").get<int64_t>();
    const Tensor frames = channels_first(c.io(name + ".frames"));
    const auto clip = [&](PublishedTransform how) { return data::published_clip(frames, crop, how, normalisation); };
    c.expect_io(name + ".hf", clip(PublishedTransform::kHuggingFace).transpose(0, 1).unsqueeze(0));
    c.expect_io(name + ".official_eval_numpy", clip(PublishedTransform::kOfficial));
    c.expect_io(name + ".official_eval_tensor", clip(PublishedTransform::kOfficialTensor));
  }
  const auto side = c.json().at("train_crop_size").get<int64_t>();
  const auto& crops = c.json().at("train_crops");
  for (size_t i = 0; i < crops.size(); ++i) {
    const data::Crop crop{crops[i].at("top").get<int64_t>(), crops[i].at("left").get<int64_t>(),
                          crops[i].at("height").get<int64_t>(), crops[i].at("width").get<int64_t>(),
                          crops[i].at("flipped").get<bool>()};
    c.expect_io(fmt::format("train.out{}", i),
                data::crop_resize_normalise(channels_first(c.io("train.frames")), crop, side,
                                            data::Resampling::kBilinear, normalisation));
  }
  const std::pair<const char*, data::CropConfig> droid[] = {{"droid.train_out", data::CropConfig::action_conditioned()},
                                                            {"droid.notebook_out", data::CropConfig::central_square()}};
  for (const auto& [name, config] : droid) {
    if (!c.has(std::string("io.safetensors:") + name)) continue;
    const Tensor frames = channels_first(c.io("droid.frames"));
    RandomSequence random(Random(0, Stream::kTest));  // no draw matters: nothing drawn fits
    const data::Crop crop = data::sample_crop(frames.size(2), frames.size(3), config, random);
    c.expect_io(name, data::crop_resize_normalise(frames, crop, c.io(name).size(2), data::Resampling::kBilinear,
                                                  normalisation));
  }
}

}  // namespace foresee::parity
