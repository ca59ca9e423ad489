#include "foresee/evaluate/probes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "foresee/evaluate/results.h"
#include "jepa/core/epoch_order.h"
#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"
#include "jepa/model/vjepa2/probe.h"
#include "jepa/train/adamw.h"
#include "jepa/train/probe/latent_probe.h"
#include "jepa/train/schedule.h"

namespace foresee {
namespace {

constexpr double kRidge = 0.1;           // of a feature's variance
constexpr uint64_t kSplit = 0xffffffff;  // a draw that no epoch reaches

ProbeConfig attentive_config(int64_t width, const std::vector<int64_t>& classes, const ProbeFit& fit) {
  ProbeConfig config;
  config.width = width;
  config.heads = std::gcd(width, fit.heads);
  config.depth = fit.depth;
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

/// The class of the largest score of every clip and question: int64 [n, F].
Tensor attentive_answers(const AttentiveProbe& probe, const Tensor& clips, int64_t batch) {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> rows;
  for (const Tensor& tokens : clips.split(batch)) {
    std::vector<Tensor> answers;
    for (const Tensor& logits : probe.forward(tokens)) answers.push_back(logits.argmax(1));
    rows.push_back(at::stack(answers, 1));
  }
  return at::cat(rows);
}

/// What the probe of the best fit answers on the clips to test, question by question.
struct BestAnswers {
  Tensor right;    // int64 [F], of the clips held out; -1: none yet
  Tensor answers;  // int64 [n, F]
};

void keep_better(BestAnswers& best, const AttentiveProbe& probe, const ProbedClips& held_out, const ProbedClips& test,
                 int64_t batch) {
  const Tensor right = attentive_answers(probe, held_out.tokens, batch).eq(held_out.classes).sum(0);
  const Tensor better = right.ge(best.right);
  if (!better.any().item<bool>()) return;
  best.answers = at::where(better, attentive_answers(probe, test.tokens, batch), best.answers);
  best.right = at::where(better, right, best.right);
}

/// One fit with one rate. @param checked  called kFitChecks times, the last time at the end.
void fit_attentive(AttentiveProbe& probe, const ProbedClips& train, const ProbeFit& fit, double rate, uint64_t seed,
                   const JobControl& control, const std::function<void()>& checked) {
  const at::AutoGradMode with_gradients(true);
  ParameterGroup group{.parameters = {}, .weight_decay = fit.weight_decay};
  for (const auto& entry : probe.named_parameters()) group.parameters.emplace_back(entry.key(), entry.value());
  AdamW optimizer({group});
  const int64_t clips = train.tokens.size(0);
  EpochOrder order(clips, std::min(fit.batch, clips), seed);
  const int64_t steps = fit.epochs * order.steps_per_epoch();
  Progress progress(control, fmt::format("probe, rate {:g}", rate), steps, "steps");
  for (int64_t step = 0; step < steps; ++step) {
    stop_where_asked(control);
    const Tensor rows = at::tensor(order.batch(step), at::kLong).to(train.tokens.device());
    const Tensor loss = loss_of(probe, train.tokens.index_select(0, rows), train.classes.index_select(0, rows));
    loss.backward();
    optimizer.step(warmup_cosine(step, /*warmup=*/0, steps, 0.0, rate, 0.0));
    optimizer.zero_grad();
    progress.update(step + 1, fmt::format("loss {:.3g}", loss.item<double>()));
    if ((step + 1) * kFitChecks / steps != step * kFitChecks / steps) checked();
  }
  progress.finish();
}

/// The attentive probe's answers on `test`: int64 [n, F].
Tensor fitted_answers(const ProbedClips& train, const ProbedClips& test, const std::vector<int64_t>& classes,
                      const ProbeFit& fit, uint64_t seed, const JobControl& control) {
  const int64_t clips = train.tokens.size(0);
  const int64_t apart = std::clamp<int64_t>(std::llround(fit.held_out * static_cast<double>(clips)), 1, clips - 1);
  const Random random(seed, Stream::kDataOrder, kSplit);
  const Tensor order = at::tensor(random.permutation(clips), at::kLong).to(train.tokens.device());
  const auto part = [&](int64_t first, int64_t count) {
    const Tensor rows = order.narrow(0, first, count);
    return ProbedClips{train.tokens.index_select(0, rows), train.classes.index_select(0, rows)};
  };
  const ProbedClips fitted = part(0, clips - apart), held_out = part(clips - apart, apart);
  BestAnswers best{at::full({train.classes.size(1)}, -1, train.classes.options()), at::zeros_like(test.classes)};
  for (const double rate : fit.learning_rates) {
    AttentiveProbe probe(attentive_config(train.tokens.size(2), classes, fit));
    probe.initialise(seed);
    probe.to(train.tokens.device());
    fit_attentive(probe, fitted, fit, rate, seed, control,
                  [&] { keep_better(best, probe, held_out, test, fit.batch); });
  }
  return best.answers;
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
  const auto right = [&](const Tensor& answers) { return answers.eq(test.classes).sum(0).cpu(); };  // [F]
  const Tensor attentive = right(fitted_answers(train, test, classes, fit, seed, control)),
               linear = right(linear_answers(train, test, classes));
  std::vector<ProbeAnswers> out;
  const int64_t clips = test.tokens.size(0);
  for (int64_t i = 0; i < static_cast<int64_t>(classes.size()); ++i)
    out.push_back({success_rate(attentive[i].item<int64_t>(), clips), success_rate(linear[i].item<int64_t>(), clips)});
  return out;
}

}  // namespace foresee
