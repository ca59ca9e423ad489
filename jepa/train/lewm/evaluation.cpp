#include "jepa/train/lewm/evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "jepa/core/error.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/text/counted.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"
#include "jepa/loss/collapse.h"
#include "jepa/loss/sigreg.h"
#include "jepa/train/probe/latent_probe.h"

namespace foresee {
namespace {

constexpr int64_t kPictures = 256;                                          // encoded at a time
constexpr double kLeastRank = 0.05;                                         // of the width
constexpr double kLeastSpread = 0.1;                                        // standard deviation; SIGReg asks for 1
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

/// @param frames  uint8 [N, 3, H, W], anywhere. @param proprio  float [N, S] or undefined. @returns float [N, D].
Tensor embed_all(const Lewm& model, const Preprocess& preprocess, const Tensor& frames, const Tensor& proprio,
                 const JobControl& control) {
  const auto device = model->vit.cls.device();
  std::vector<Tensor> parts;
  Progress progress(control, "encode", frames.size(0), "pictures");
  for (int64_t first = 0; first < frames.size(0); first += kPictures) {
    if (control.stopping()) fail<Interrupted>("interrupted; nothing was scored");
    const int64_t last = std::min(first + kPictures, frames.size(0));
    parts.push_back(model->embed(frames.slice(0, first, last).to(device), preprocess,
                                 proprio.defined() ? proprio.slice(0, first, last).to(device) : proprio));
    progress.update(last);
  }
  progress.finish();
  return at::cat(parts);
}

Tensor flat(const Tensor& x) { return x.defined() ? x.flatten(0, 1) : x; }  // [E, T, ...] -> [E * T, ...]

double mean_square(const Tensor& x) { return x.square().mean().item<double>(); }

/// The numbers of a state that can be read out: those with values, and more than one. @param state  float [N, S].
std::vector<int64_t> readable_numbers(const Tensor& state) {
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < state.size(1); ++i) {
    const Tensor values = state.select(1, i);
    const Tensor known = values.masked_select(at::isfinite(values));
    if (known.numel() > 1 && known.min().item<double>() < known.max().item<double>()) numbers.push_back(i);
  }
  return numbers;
}

/// Drops the rows whose state is not known.
void keep_known(Tensor& x, Tensor& y) {
  const Tensor known = at::isfinite(y).all(1);
  if (known.all().item<bool>()) return;
  const Tensor rows = known.nonzero().squeeze(1);
  x = x.index_select(0, rows.to(x.device())), y = y.index_select(0, rows);
}

/// @param numbers  of the state, one for each score.
void add_scores(Metrics& metrics, const std::string& probe, const ProbeScore& score, const LewmHeldOut& data,
                const std::vector<int64_t>& numbers) {
  for (size_t i = 0; i < score.r.size(); ++i) {
    const auto number = static_cast<size_t>(numbers[i]);
    const std::string factor = number < data.factors.size() ? data.factors[number] : fmt::format("{}", number);
    if (!std::isfinite(score.r[i])) continue;  // constant in the rows that are asked
    metrics.emplace_back(fmt::format("held_out_probe_{}_r_{}", probe, factor), score.r[i]);
    metrics.emplace_back(fmt::format("held_out_probe_{}_mse_{}", probe, factor), score.mse[i]);
  }
}

/// @param z  float [E, T, D], of the held-out sequences.
void add_probes(Metrics& metrics, const Lewm& model, const Preprocess& preprocess, const LewmHeldOut& data,
                const Tensor& z, uint64_t seed, const JobControl& control) {
  Tensor train_x, train_y, test_x = z.flatten(0, 1), test_y = data.state.flatten(0, 1);
  if (data.probe_frames.defined()) {
    train_x = embed_all(model, preprocess, data.probe_frames, data.probe_proprio, control);
    train_y = data.probe_state;
  } else {
    const int64_t half = z.size(0) / 2;
    if (half < 2) return;
    train_x = z.slice(0, 0, half).flatten(0, 1);
    train_y = data.state.slice(0, 0, half).flatten(0, 1);
    test_x = z.slice(0, half).flatten(0, 1);
    test_y = data.state.slice(0, half).flatten(0, 1);
  }
  const std::vector<int64_t> numbers = readable_numbers(train_y);
  if (numbers.empty()) return;
  if (static_cast<int64_t>(numbers.size()) < train_y.size(1)) {
    const Tensor chosen = at::tensor(numbers, at::TensorOptions(at::kLong).device(train_y.device()));
    train_y = train_y.index_select(1, chosen), test_y = test_y.index_select(1, chosen.to(test_y.device()));
  }
  keep_known(train_x, train_y), keep_known(test_x, test_y);
  if (train_x.size(0) < 2 || test_x.size(0) < 2) return;
  const ProbeScore linear = linear_probe(train_x, train_y, test_x, test_y);
  double sum = 0, count = 0;
  for (const double r : linear.r)
    if (std::isfinite(r)) sum += r, ++count;
  if (count > 0) metrics.emplace_back("held_out_probe_r", sum / count);
  add_scores(metrics, "linear", linear, data, numbers);
  add_scores(metrics, "mlp", mlp_probe(train_x, train_y, test_x, test_y, seed, control), data, numbers);
}

}  // namespace

std::optional<std::string> collapse_warning(const Metrics& metrics, int64_t width, int64_t sequences) {
  const double rank = metric(metrics, "held_out_effective_rank"), spread = metric(metrics, "held_out_mean_std");
  const double least = std::max(2.0, kLeastRank * static_cast<double>(width));
  if (!(rank < least) && !(spread < kLeastSpread)) return std::nullopt;
  const std::string numbers = fmt::format(
      "effective rank {:.1f} of {} (below {:.1f} is a warning), standard deviation {:.3f} (below {:.1f} is)", rank,
      width, least, spread, kLeastSpread);
  constexpr int64_t kFew = 8;
  if (sequences < kFew)
    return fmt::format("embeddings of {} look alike: {}; so few say little, hold out more episodes",
                       counted(sequences, "held-out sequence"), numbers);
  return fmt::format("the embeddings are collapsing: {}; raise train.loss.sigreg_weight or lower train.learning_rate",
                     numbers);
}

Metrics evaluate_lewm(Lewm& model, const Preprocess& preprocess, const LewmHeldOut& data, const LewmLossConfig& loss,
                      uint64_t seed, const JobControl& control) {
  if (!data.frames.defined()) return {};
  const torch::NoGradGuard no_grad;
  const EvaluationMode mode(*model);
  const auto device = model->vit.cls.device();
  const int64_t length = data.frames.size(1), window = model->config.predictor.history();
  FORESEE_CHECK(length > window, "expected sequences longer than the history of {}, got {}", window,
                describe(data.frames));
  const Tensor z = embed_all(model, preprocess, data.frames.flatten(0, 1), flat(data.proprio), control)
                       .view({data.frames.size(0), length, -1});
  const Tensor actions = data.actions.to(device);
  Metrics metrics;

  const Tensor now = z.slice(1, 0, window), next = z.slice(1, 1, window + 1);
  const Tensor embedded = model->embed_actions(actions.slice(1, 0, window));
  const Tensor predicted =
      model->prefix ? model->predict_prefixes(now.select(1, 0), embedded) : model->predict(now, embedded);
  metrics.emplace_back("held_out_prediction_loss", mean_square(predicted - next));
  const Tensor directions =
      Random(seed, Stream::kSigreg, kEvaluationStep).normal_tensor({z.size(2), loss.projections}).to(device);
  const Tensor samples = z.slice(1, 0, window + 1).transpose(0, 1);
  metrics.emplace_back("held_out_sigreg", sigreg(samples, directions, loss.knots).item<double>());

  const Tensor rollout = model->rollout(now, actions.slice(1, 0, length - 1));
  const Tensor last = z.select(1, window - 1);
  for (int64_t h = 1; window - 1 + h < length; ++h) {
    const Tensor truth = z.select(1, window - 1 + h);
    const double error = mean_square(rollout.select(1, window - 1 + h) - truth);
    metrics.emplace_back(fmt::format("held_out_skill_{}", h), 1 - error / std::max(mean_square(last - truth), 1e-30));
    metrics.emplace_back(fmt::format("held_out_rollout_error_{}", h), error);
  }
  metrics.emplace_back("held_out_effective_rank", effective_rank(z));
  metrics.emplace_back("held_out_mean_std", mean_std(z));
  if (data.state.defined()) add_probes(metrics, model, preprocess, data, z, seed, control);
  return metrics;
}

}  // namespace foresee
