// LeWM's parts: exact shortcuts, initial values, names, SIGReg's kernel.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/io/state_dict.h"
#include "jepa/loss/sigreg.h"
#include "tests/jepa/model/lewm/lewm_small.h"

namespace foresee {
namespace {

using testing::moving_dots;
using testing::scrambled;
using testing::small_lewm;

TEST(LewmVit, ClassTokenAloneIsThatOfTheFullPass) {
  const torch::NoGradGuard no_grad;
  const Lewm model = scrambled(small_lewm(), 1);
  const Tensor frames = testing::random_bytes({5, 3, 24, 16}, 2);
  const Tensor tokens = model->vit.tokens(picture_patches(frames, Preprocess(), 8), 3, 2);
  const Tensor full = model->vit.forward(tokens).select(1, 0);
  EXPECT_TRUE(at::allclose(model->vit.class_token(tokens), full, 1e-5, 1e-5));
}

/// Gradients of a weighted sum of `class_token`, by parameter.
TensorMap gradients_of(Lewm& model, const Tensor& class_token) {
  model->zero_grad();
  (class_token * Random(3, Stream::kTest).normal_tensor(class_token.sizes())).sum().backward();
  TensorMap out;
  for (const auto& item : model->named_parameters())
    if (item.value().grad().defined()) out[item.key()] = item.value().grad().clone();
  return out;
}

void expect_close(const TensorMap& ours, const TensorMap& plain) {
  ASSERT_EQ(ours.size(), plain.size());
  for (const auto& [name, gradient] : plain) {
    const double scale = std::max(1.0, gradient.abs().max().item<double>());
    EXPECT_LT((ours.at(name) - gradient).abs().max().item<double>(), 2e-5 * scale) << name;
  }
}

TEST(LewmVit, ClassTokenAloneHasTheGradientsOfTheFullPass) {
  Lewm model = scrambled(small_lewm(), 1);
  const Tensor patches = picture_patches(testing::random_bytes({4, 3, 16, 16}, 2), Preprocess(), 8);
  const TensorMap fast = gradients_of(model, model->vit.class_token(model->vit.tokens(patches, 2, 2)));
  expect_close(fast, gradients_of(model, model->vit.forward(model->vit.tokens(patches, 2, 2)).select(1, 0)));
}

TEST(LewmVit, TilesHaveTheValuesAndGradientsOfTheFullPass) {
  LewmConfig config = small_lewm();
  config.vit.layers = 3;
  Lewm model = scrambled(config, 1);
  const Tensor patches = picture_patches(testing::random_bytes({450, 3, 16, 16}, 2), Preprocess(), 8);  // three tiles
  const Tensor tiles = model->vit.encode(patches, 2, 2);
  const Tensor plain = model->vit.forward(model->vit.tokens(patches, 2, 2)).select(1, 0);
  EXPECT_TRUE(at::allclose(tiles, plain, 1e-4, 2e-5)) << (tiles - plain).abs().max();
  const TensorMap tiled_gradients = gradients_of(model, tiles);
  expect_close(tiled_gradients, gradients_of(model, plain));
}

TEST(LewmVit, PatchesAreNormalisedPictures) {
  const Tensor frames = testing::random_bytes({2, 3, 16, 24}, 2);
  const Tensor wanted = Preprocess().normalise(frames);
  const Tensor patches = picture_patches(frames, Preprocess(), 8);
  EXPECT_TRUE(at::allclose(patches.view({2, 2, 3, 3, 8, 8}).permute({0, 3, 1, 4, 2, 5}).reshape({2, 3, 16, 24}), wanted,
                           1e-6, 1e-6));
}

TEST(Projector, FoldedBatchNormIsTheInferencePath) {
  const torch::NoGradGuard no_grad;
  Lewm model = scrambled(small_lewm(), 1);
  const Projector& p = model->projector;
  const Tensor x = Random(5, Stream::kTest).normal_tensor({9, 24});
  const Tensor folded = p.output.linear(at::gelu(p.folded_input().linear(x)));
  EXPECT_TRUE(at::allclose(folded, p.forward(x, /*training=*/false), 1e-5, 1e-5));
}

TEST(Projector, AverageStatisticsAreThePlainMeanOfBatches) {
  const torch::NoGradGuard no_grad;
  Lewm model = scrambled(small_lewm(), 1);
  Projector& p = model->projector;
  const int64_t counted = p.batches.item<int64_t>();
  Tensor mean = at::zeros_like(p.running_mean), var = mean.clone();
  {
    const AverageStatistics average(p);
    for (uint64_t i = 0; i < 3; ++i) {
      const Tensor x = Random(5, Stream::kTest, i).normal_tensor({9, 24}), h = p.input.linear(x);
      p.forward(x, /*training=*/true);
      mean += h.mean(0) / 3;
      var += h.var(0) / 3;
    }
  }
  EXPECT_TRUE(at::allclose(p.running_mean, mean, 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(p.running_var, var, 1e-5, 1e-6));
  EXPECT_EQ(p.batches.item<int64_t>(), counted);
  p.forward(Random(5, Stream::kTest, 9).normal_tensor({9, 24}), /*training=*/true);
  EXPECT_FALSE(at::allclose(p.running_mean, mean));  // moves again
  EXPECT_EQ(p.batches.item<int64_t>(), counted + 1);
}

TEST(Lewm, HasTheNamesAndShapesOfReleasedCheckpoints) {
  const auto recorded = read_json("tests/fixtures/lewm/full_size_names.json");
  const Lewm model(lewm_config_from_swm(recorded.at("config"), "full_size_names.json"));
  const TensorMap ours = state_dict(*model);
  ASSERT_EQ(ours.size(), recorded.at("tensors").size());
  TensorMap renamed;
  for (const auto& entry : recorded.at("tensors")) {
    const auto name = entry.at("name").get<std::string>();
    ASSERT_TRUE(ours.contains(name)) << name;
    EXPECT_EQ(ours.at(name).sizes().vec(), entry.at("shape").get<std::vector<int64_t>>()) << name;
    renamed[entry.at("tf5_name").get<std::string>()] = ours.at(name);
  }
  for (const auto& [name, tensor] : with_transformers4_names(renamed)) EXPECT_TRUE(ours.contains(name)) << name;
  int64_t parameters = 0;
  for (const Tensor& parameter : model->parameters()) parameters += parameter.numel();
  EXPECT_EQ(parameters, recorded.at("totals").at("parameters").get<int64_t>());
}

TEST(Lewm, InitialValuesFollowUpstreamsDistributionsAndTheSeed) {
  LewmConfig config;
  config.vit.layers = 1;
  config.predictor.layers = 1;
  Lewm model(config), again(config), other(config);
  initialise(model, 7);
  initialise(again, 7);
  initialise(other, 8);
  const TensorMap a = state_dict(*model), b = state_dict(*again), c = state_dict(*other);
  for (const auto& [name, value] : a) EXPECT_TRUE(at::equal(value, b.at(name))) << name;
  const auto spread = [&](const char* name) { return a.at(name).std().item<double>(); };
  EXPECT_NEAR(spread("encoder.encoder.layer.0.attention.attention.query.weight"), 0.02, 0.001);
  EXPECT_NEAR(spread("encoder.embeddings.patch_embeddings.projection.weight"), 0.02, 0.001);
  EXPECT_NEAR(spread("predictor.pos_embedding"), 1.0, 0.15);
  const double bound = 1 / std::sqrt(192.0);  // uniform: bound / sqrt(3)
  EXPECT_NEAR(spread("projector.net.0.weight"), bound / std::sqrt(3.0), 0.001);
  EXPECT_NEAR(spread("projector.net.0.bias"), bound / std::sqrt(3.0), 0.003);
  EXPECT_LE(a.at("action_encoder.embed.0.bias").abs().max().item<double>(), 1 / std::sqrt(10.0));
  for (const char* zero : {"predictor.transformer.layers.0.adaLN_modulation.1.weight", "projector.net.1.running_mean",
                           "encoder.encoder.layer.0.intermediate.dense.bias", "predictor.transformer.norm.bias"})
    EXPECT_EQ(a.at(zero).abs().max().item<double>(), 0) << zero;
  for (const char* one : {"predictor.transformer.layers.0.mlp.net.0.weight", "pred_proj.net.1.weight",
                          "projector.net.1.running_var", "encoder.layernorm.weight"})
    EXPECT_TRUE((a.at(one) == 1).all().item<bool>()) << one;
  EXPECT_FALSE(at::equal(a.at("projector.net.0.weight"), c.at("projector.net.0.weight")));
}

TEST(Lewm, PredictionLossReachesTargetAndPrediction) {
  Lewm model = scrambled(small_lewm(), 1);
  model->eval();
  const LewmBatch batch = moving_dots(2, 4, 1, 0);
  const Tensor z = model->embed(batch.frames.flatten(0, 1), Preprocess()).detach().view({2, 4, -1}).requires_grad_();
  const Tensor predicted = model->predict(z.slice(1, 0, 3), model->embed_actions(batch.actions.slice(1, 0, 3)));
  (predicted - z.slice(1, 1)).square().mean().backward();
  EXPECT_GT(z.grad().select(1, 0).abs().max().item<double>(), 1e-6);  // seen by the prediction alone
  EXPECT_GT(z.grad().select(1, 3).abs().max().item<double>(), 1e-6);  // a target alone
}

TEST(Lewm, PredictionDoesNotSeeTheFuture) {
  const torch::NoGradGuard no_grad;
  Lewm model = scrambled(small_lewm(), 1);
  model->eval();
  const Random draws(2, Stream::kTest);
  const Tensor z = draws.normal_tensor({1, 3, 24}), actions = model->embed_actions(draws.normal_tensor({1, 3, 4}, 500));
  Tensor changed = z.clone();
  changed.select(1, 2).narrow(1, 0, 5).add_(1);  // not all: the norms take a constant out
  const Tensor before = model->predict(z, actions), after = model->predict(changed, actions);
  EXPECT_TRUE(at::allclose(before.slice(1, 0, 2), after.slice(1, 0, 2), 1e-6, 1e-6));
  EXPECT_GT((before - after).select(1, 2).abs().max().item<double>(), 1e-3);
}

TEST(Sigreg, FusedKernelIsTheFormula) {
  const Random draws(1, Stream::kTest);
  for (const int64_t knots : {2, 9, 17, 40})
    for (const int64_t samples : {1, 7, 64}) {
      const Tensor directions = draws.normal_tensor({12, 48});
      const Tensor a = (draws.normal_tensor({3, samples, 12}, 1000) * 2 + 0.5).requires_grad_();
      const Tensor b = a.detach().clone().requires_grad_();
      const Tensor fused = sigreg(a, directions, knots, Kernel::kFused);
      const Tensor plain = sigreg(b.to(at::kDouble), directions.to(at::kDouble), knots, Kernel::kPlain);
      fused.backward();
      plain.backward();
      EXPECT_NEAR(fused.item<double>(), plain.item<double>(), 1e-5 * (1 + plain.item<double>()));
      const double scale = b.grad().abs().max().item<double>();
      EXPECT_LT((a.grad() - b.grad()).abs().max().item<double>(), 2e-5 * scale) << knots << " knots " << samples;
    }
}

TEST(Sigreg, IsSmallForNormalSamplesAndLargeForCollapsedOnes) {
  const Random draws(1, Stream::kTest);
  const Tensor directions = draws.normal_tensor({16, 256}), normal = draws.normal_tensor({1, 512, 16}, 5000);
  const double good = sigreg(normal, directions, 17).item<double>();
  EXPECT_LT(good, 3);
  EXPECT_GT(sigreg(normal * 0.01, directions, 17).item<double>(), 50 * good);
  EXPECT_GT(sigreg(normal + 1, directions, 17).item<double>(), 10 * good);
}

TEST(LewmConfig, RefusesConfigsThatDoNotFit) {
  auto config = read_json("tests/fixtures/lewm/tiny/config.json");
  config["pred_proj"]["output_dim"] = 7;
  EXPECT_THROW(lewm_config_from_swm(config, "config.json"), CheckpointError);
  config.erase("projector");
  EXPECT_THROW(lewm_config_from_swm(config, "config.json"), CheckpointError);
  LewmConfig ours = small_lewm();
  ours.vit.heads = 5;
  EXPECT_THROW(ours.validate(), ConfigError);
}

}  // namespace
}  // namespace foresee
