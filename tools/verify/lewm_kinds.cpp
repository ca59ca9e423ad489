
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/io/state_dict.h"
#include "jepa/loss/sigreg.h"
#include "jepa/model/lewm/files/folder.h"
#include "jepa/model/lewm/loss.h"
#include "jepa/model/lewm/world_model.h"
#include "jepa/train/adamw.h"
#include "jepa/train/schedule.h"
#include "tools/verify/case.h"

namespace foresee::parity {
namespace {

/// The model of a case folder: config.json and weights.safetensors.
Lewm case_model(const Case& c) {
  const auto config = c.folder() / "config.json";
  Lewm model(lewm_config_from_swm(read_json(config), config.string()));
  const auto weights = c.folder() / "weights.safetensors";
  load_state_dict(*model, with_transformers4_names(c.file("weights.safetensors")), weights.string());
  return model;
}

/// A model as its file is read by every command, of whichever library.
struct ReadModel {
  explicit ReadModel(const Case& c) : ReadModel(c.folder() / "weights.safetensors") {}
  explicit ReadModel(const std::filesystem::path& file) : folder(load_lewm_folder(file)) {
    model = lewm_from(folder, file.string(), at::kCPU);
    model->eval();
  }
  ModelFolder folder;
  Lewm model{nullptr};
};

/// uint8 [..., H, W, 3] as stored -> [N, 3, H, W].
Tensor pictures(const Tensor& stored) { return stored.flatten(0, stored.dim() - 4).permute({0, 3, 1, 2}).contiguous(); }

Tensor terminal_cost(const Tensor& rollout, const Tensor& goal) {  // [B, S, T, D], [B, 1, D] -> [B, S]
  return (rollout.select(2, rollout.size(2) - 1) - goal).square().sum(-1);
}

/// Rolls candidates out from the first `history` context frames. @returns float [B, S, history + H, D].
Tensor roll_candidates(const Lewm& model, const Tensor& embeddings, const Tensor& actions, const Tensor& candidates,
                       int64_t history) {
  const int64_t batch = candidates.size(0), samples = candidates.size(1);
  const auto for_each_sample = [&](const Tensor& x) {  // [B, T, D] -> [B * S, T, D]
    return x.unsqueeze(1).expand({batch, samples, x.size(1), x.size(2)}).flatten(0, 1);
  };
  const Tensor executed = for_each_sample(actions.slice(1, 0, history - 1));
  const Tensor states = model->rollout(for_each_sample(embeddings.slice(1, 0, history)),
                                       at::cat({executed, candidates.flatten(0, 1)}, 1));
  return states.view({batch, samples, states.size(1), states.size(2)});
}

}  // namespace

void verify_lewm_forward(Case& c) {
  const torch::NoGradGuard no_grad;
  expect_checkpoint_files(c);
  const ReadModel read(c);
  const Lewm& model = read.model;
  const Preprocess& preprocess = read.folder.preprocess;
  const Tensor stored = c.io("pixels_u8"), frames = pictures(stored);
  const int64_t batch = stored.size(0), length = stored.size(1), patch = model->config.vit.patch;
  const Tensor tokens =
      model->vit.tokens(picture_patches(frames, preprocess, patch), frames.size(2) / patch, frames.size(3) / patch);
  c.expect_io("vit_tokens_in", tokens);
  c.expect_io("vit_last_hidden", model->vit.forward(tokens));
  const Tensor embeddings = model->embed(frames, preprocess).view({batch, length, -1});
  c.expect_io("emb", embeddings);
  if (c.has("io.safetensors:interp_pixels_u8")) {
    const Tensor other = c.io("interp_pixels_u8");
    c.expect_io("interp_emb", model->embed(pictures(other), preprocess).view({other.size(0), other.size(1), -1}));
  }

  const Tensor actions = c.io("actions"), embedded = model->embed_actions(actions);
  c.expect_io("act_emb", embedded);
  const int64_t window = model->config.predictor.frames;
  for (int64_t n = 1; n <= window; ++n)
    c.expect_io(fmt::format("pred_ctx{}", n), model->predict(embeddings.slice(1, 0, n), embedded.slice(1, 0, n)));

  const Tensor goal = model->embed(pictures(c.io("goal_u8")), preprocess).unsqueeze(1), candidates = c.io("candidates");
  c.expect_io("goal_emb", goal);
  const Tensor from_one = roll_candidates(model, embeddings, actions, candidates, 1);
  c.expect_io("rollout_h1", from_one);
  c.expect_io("cost_h1", terminal_cost(from_one, goal));
  const Tensor from_all = roll_candidates(model, embeddings, actions, candidates, window);
  c.expect_io("rollout_hist", from_all);
  c.expect_io("cost_hist", terminal_cost(from_all, goal));
}

void verify_lewm_train_step(Case& c) {
  Lewm model = case_model(c);
  model->train();
  const auto& settings = c.json().at("settings");
  LewmLossConfig loss;
  loss.knots = settings.at("knots").get<int64_t>();
  loss.projections = settings.at("num_proj").get<int64_t>();
  loss.sigreg_weight = settings.at("lambda").get<double>();
  ParameterGroup group{.parameters = {}, .weight_decay = settings.at("weight_decay").get<double>()};
  for (const auto& item : model->named_parameters()) group.parameters.emplace_back(item.key(), item.value());
  AdamW optimizer({group});
  const Tensor pixels = c.io("pixels_u8"), actions = c.io("actions").nan_to_num(), draws = c.io("sigreg_randn");
  std::vector<Tensor> losses, norms;
  for (int64_t step = 0; step < settings.at("steps").get<int64_t>(); ++step) {
    const Tensor frames = pixels[step].permute({0, 1, 4, 2, 3});
    const auto result = lewm_losses(model, Preprocess(), frames, actions[step], draws[step], loss, nullptr);
    optimizer.zero_grad();
    result.total.backward();
    losses.push_back(at::stack({result.prediction, result.sigreg, result.total}).detach());
    if (step == 0) {
      c.expect_io("step0.emb", result.embeddings.detach());
      c.expect_io("step0.pred", result.predictions.detach());
      for (const auto& [name, parameter] : group.parameters)
        if (const std::string key = "step0.grad." + name; c.has("io.safetensors:" + key))
          c.expect_io(key, parameter.grad().clone());
    }
    std::vector<Tensor> parameters;
    for (const auto& [name, parameter] : group.parameters) parameters.push_back(parameter);
    norms.push_back(at::scalar_tensor(clip_grad_norm(parameters, settings.at("grad_clip").get<double>()), at::kFloat));
    optimizer.step(settings.at("lr").get<double>());
    if (step == 0)
      for (const auto& [name, value] : state_dict(*model))
        if (const std::string key = "step0.after." + name; c.has("io.safetensors:" + key))
          c.expect_io(key, value.clone());
  }
  for (const auto& [name, value] : state_dict(*model))
    if (const std::string key = "final." + name; c.has("io.safetensors:" + key)) c.expect_io(key, value);
  c.expect_io("losses", at::stack(losses));
  c.expect_io("grad_norm", at::stack(norms));
}

void verify_lewm_sigreg(Case& c) {
  const auto& cases = c.json().at("cases");
  for (size_t i = 0; i < cases.size(); ++i) {
    const std::string name = cases[i].at("case").get<std::string>();
    const Tensor embeddings = c.io(name + ".emb").clone().requires_grad_();
    const Tensor value = sigreg(embeddings, c.io(name + ".randn"), cases[i].at("knots").get<int64_t>());
    value.backward();
    c.expect_io(name + ".value", value.detach().view({1}));
    c.expect_io(name + ".grad", embeddings.grad());
    c.expect_json(fmt::format("cases.{}.value", i), value.item<double>());
  }
  const auto quadrature = sigreg_quadrature(c.io("t").size(0));
  c.expect_io("t", quadrature.t);
  c.expect_io("phi", quadrature.phi);
  c.expect_io("weights", quadrature.weights);
}

void verify_lewm_lr_schedule(Case& c) {
  for (const auto& entry : c.json().at("cases")) {
    const int64_t total = entry.at("total_steps").get<int64_t>(), warmup = entry.at("warmup_steps").get<int64_t>();
    std::vector<double> rates;
    for (int64_t step = 0; step < total; ++step)
      rates.push_back(lewm_learning_rate(step, warmup, total, entry.at("base_lr").get<double>(), 0.0, 0.0));
    c.expect_io(entry.at("case").get<std::string>() + ".lr", at::tensor(rates, at::kDouble));
  }
}

}  // namespace foresee::parity
