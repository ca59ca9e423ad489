#include "jepa/train/lewm_evaluation.h"

#include <torch/torch.h>

#include <algorithm>
#include <limits>

#include "jepa/core/error.h"
#include "jepa/loss/collapse.h"
#include "jepa/loss/sigreg.h"

namespace foresee {
namespace {

constexpr int64_t kPictures = 256;                                          // encoded at a time
constexpr double kRidge = 1e-3;                                             // of standardised features, per sample
constexpr uint64_t kEvaluationStep = std::numeric_limits<uint32_t>::max();  // no training step draws these directions

/// Puts a module into evaluation mode and back.
class EvaluationMode {
 public:
  explicit EvaluationMode(torch::nn::Module& module) : module_(module), training_(module.is_training()) {
    module_.eval();
  }
  ~EvaluationMode() { module_.train(training_); }

 private:
  torch::nn::Module& module_;
  bool training_;
};

Tensor embed_all(const Lewm& model, const Preprocess& preprocess, const Tensor& frames) {  // [E, T, ...] -> [E, T, D]
  std::vector<Tensor> parts;
  for (const Tensor& part : frames.flatten(0, 1).split(kPictures)) parts.push_back(model->embed(part, preprocess));
  return at::cat(parts).view({frames.size(0), frames.size(1), -1});
}

double mean_square(const Tensor& x) { return x.square().mean().item<double>(); }

}  // namespace

Tensor ridge_correlation(const Tensor& train_x, const Tensor& train_y, const Tensor& test_x, const Tensor& test_y) {
  const Tensor x = train_x.to(at::kDouble), y = train_y.to(at::kDouble);
  const Tensor mean = x.mean(0), scale = x.std(0, /*unbiased=*/false).clamp_min(1e-12), offset = y.mean(0);
  const Tensor features = (x - mean) / scale;
  const Tensor gram =
      features.t().mm(features) + at::eye(x.size(1), features.options()) * (kRidge * static_cast<double>(x.size(0)));
  const Tensor weights = at::linalg_solve(gram, features.t().mm(y - offset));
  const Tensor predicted = ((test_x.to(at::kDouble) - mean) / scale).mm(weights);
  const Tensor a = predicted - predicted.mean(0), b = test_y.to(at::kDouble) - test_y.to(at::kDouble).mean(0);
  return (a * b).sum(0) / (a.square().sum(0) * b.square().sum(0)).sqrt().clamp_min(1e-30);
}

Metrics evaluate_lewm(Lewm& model, const Preprocess& preprocess, const LewmHeldOut& data, const LewmLossConfig& loss,
                      uint64_t seed) {
  if (!data.frames.defined()) return {};
  const torch::NoGradGuard no_grad;
  const EvaluationMode mode(*model);
  const int64_t sequences = data.frames.size(0), length = data.frames.size(1), window = model->config.predictor.frames;
  FORESEE_CHECK(length > window, "expected sequences longer than the history of {}, got {}", window,
                describe(data.frames));
  const Tensor z = embed_all(model, preprocess, data.frames);
  Metrics metrics;

  const Tensor predicted =
      model->predict(z.slice(1, 0, window), model->embed_actions(data.actions.slice(1, 0, window)));
  metrics.emplace_back("held_out_prediction_loss", mean_square(predicted - z.slice(1, 1, window + 1)));
  const Tensor directions =
      Random(seed, Stream::kSigreg, kEvaluationStep).normal_tensor({z.size(2), loss.projections}).to(z.device());
  const Tensor samples = z.slice(1, 0, window + 1).transpose(0, 1);
  metrics.emplace_back("held_out_sigreg", sigreg(samples, directions, loss.knots).item<double>());

  const Tensor rollout = model->rollout(z.slice(1, 0, window), data.actions.slice(1, 0, length - 1));
  const Tensor last = z.select(1, window - 1);
  for (int64_t h = 1; window - 1 + h < length; ++h) {
    const Tensor truth = z.select(1, window - 1 + h);
    metrics.emplace_back(
        fmt::format("held_out_skill_{}", h),
        1 - mean_square(rollout.select(1, window - 1 + h) - truth) / std::max(mean_square(last - truth), 1e-30));
  }
  metrics.emplace_back("held_out_effective_rank", effective_rank(z));
  if (data.state.defined() && sequences >= 4) {
    const int64_t half = sequences / 2;
    const Tensor state = data.state.to(z.device());
    const Tensor r = ridge_correlation(z.slice(0, 0, half).flatten(0, 1), state.slice(0, 0, half).flatten(0, 1),
                                       z.slice(0, half).flatten(0, 1), state.slice(0, half).flatten(0, 1));
    metrics.emplace_back("held_out_probe_r", r.mean().item<double>());
  }
  return metrics;
}

}  // namespace foresee
