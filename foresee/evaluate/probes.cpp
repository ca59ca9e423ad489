#include "foresee/evaluate/probes.h"

#include <fmt/format.h>

#include <algorithm>

#include "foresee/evaluate/results.h"
#include "jepa/core/epoch_order.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"
#include "jepa/model/vjepa2/probe.h"
#include "jepa/train/adamw.h"
#include "jepa/train/probe/latent_probe.h"
#include "jepa/train/schedule.h"

namespace foresee {
namespace {

constexpr double kRidge = 0.1;  // of a feature's variance

ProbeConfig attentive_config(int64_t width, const std::vector<int64_t>& classes, int64_t heads) {
  ProbeConfig config;
  config.width = width;
  config.heads = width % heads == 0 ? heads : 1;
  config.depth = 1;
  config.outputs.clear();
  for (size_t i = 0; i < classes.size(); ++i) config.outputs.push_back(fmt::format("question_{}", i));
  config.classes = classes;
  return config;
}

/// Sum over the questions of the cross-entropy.
Tensor loss_of(const AttentiveProbe& probe, const Tensor& tokens, const Tensor& classes) {
  Tensor loss = at::zeros({}, tokens.options());
  const std::vector<Tensor> logits = probe.forward(tokens);
  for (size_t i = 0; i < logits.size(); ++i)
    loss = loss + at::cross_entropy_loss(logits[i], classes.select(1, static_cast<int64_t>(i)));
  return loss;
}

void fit_attentive(AttentiveProbe& probe, const ProbedClips& train, const ProbeFit& fit, uint64_t seed,
                   const JobControl& control) {
  const at::AutoGradMode with_gradients(true);
  ParameterGroup group{.parameters = {}, .weight_decay = fit.weight_decay};
  for (const auto& entry : probe.named_parameters()) group.parameters.emplace_back(entry.key(), entry.value());
  AdamW optimizer({group});
  const int64_t clips = train.tokens.size(0);
  EpochOrder order(clips, std::min(fit.batch, clips), seed);
  const int64_t steps = fit.epochs * order.steps_per_epoch();
  Progress progress(control, "probe", steps, "steps");
  for (int64_t step = 0; step < steps; ++step) {
    stop_where_asked(control);
    const Tensor rows = at::tensor(order.batch(step), at::kLong).to(train.tokens.device());
    const Tensor loss = loss_of(probe, train.tokens.index_select(0, rows), train.classes.index_select(0, rows));
    loss.backward();
    optimizer.step(warmup_cosine(step, /*warmup=*/0, steps, 0.0, fit.learning_rate, 0.0));
    optimizer.zero_grad();
    progress.update(step + 1, fmt::format("loss {:.3g}", loss.item<double>()));
  }
  progress.finish();
}

/// The class of the largest score of every clip and question: int64 [n, F].
Tensor attentive_answers(const AttentiveProbe& probe, const ProbedClips& test, int64_t batch) {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> rows;
  for (const Tensor& tokens : test.tokens.split(batch)) {
    std::vector<Tensor> answers;
    for (const Tensor& logits : probe.forward(tokens)) answers.push_back(logits.argmax(1));
    rows.push_back(at::stack(answers, 1));
  }
  return at::cat(rows);
}

/// The same of the linear probe.
Tensor linear_answers(const ProbedClips& train, const ProbedClips& test, const std::vector<int64_t>& classes) {
  const Tensor fitted = train.tokens.mean(1), asked = test.tokens.mean(1);  // [n, D]
  std::vector<Tensor> answers;
  for (size_t i = 0; i < classes.size(); ++i) {
    const Tensor wanted = at::one_hot(train.classes.select(1, static_cast<int64_t>(i)), classes[i]);
    answers.push_back(least_squares(fitted, wanted, asked, kRidge).argmax(1));
  }
  return at::stack(answers, 1).to(test.classes.device());
}

}  // namespace

std::vector<ProbeAnswers> probe_features(const ProbedClips& train, const ProbedClips& test,
                                         const std::vector<int64_t>& classes, const ProbeFit& fit, uint64_t seed,
                                         const JobControl& control) {
  FORESEE_CHECK(train.tokens.dim() == 3 && train.tokens.size(0) > 1 && test.tokens.size(0) > 0,
                "expected clips to fit and to test, got {} and {}", describe(train.tokens), describe(test.tokens));
  AttentiveProbe probe(attentive_config(train.tokens.size(2), classes, fit.heads));
  probe.initialise(seed);
  probe.to(train.tokens.device());
  fit_attentive(probe, train, fit, seed, control);
  const auto right = [&](const Tensor& answers) { return answers.eq(test.classes).sum(0).cpu(); };  // [F]
  const Tensor attentive = right(attentive_answers(probe, test, fit.batch)),
               linear = right(linear_answers(train, test, classes));
  std::vector<ProbeAnswers> out;
  const int64_t clips = test.tokens.size(0);
  for (int64_t i = 0; i < static_cast<int64_t>(classes.size()); ++i)
    out.push_back({success_rate(attentive[i].item<int64_t>(), clips), success_rate(linear[i].item<int64_t>(), clips)});
  return out;
}

}  // namespace foresee
