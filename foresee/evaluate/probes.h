#pragma once

#include <cstdint>
#include <vector>

#include "jepa/core/api/job.h"
#include "jepa/core/statistics/proportions.h"
#include "jepa/core/tensor.h"

namespace foresee {

/// Features of clips, and what the clips show.
struct ProbedClips {
  Tensor tokens;   // float [n, N, D]
  Tensor classes;  // int64 [n, F], a column per question
};

/// How often two probes name the right class, with the 95 % interval.
struct ProbeAnswers {
  SuccessRate attentive, linear;
};

/// How the attentive probe is fitted. What is held out of the clips to fit chooses, for each question by itself, among
/// the rates and kFitChecks moments of a fit: one schedule for all features would rank them by how fast they are
/// fitted.
struct ProbeFit {
  int64_t epochs = 60;
  int64_t batch = 32;  // clips
  std::vector<double> learning_rates{1e-3, 3e-3};
  double weight_decay = 0.01;
  double held_out = 0.2;  // share of the clips to fit
  int64_t depth = 2;      // blocks, the last of cross-attention: motion is a comparison of tokens
  int64_t heads = 4;      // where the width is a multiple of it, else their greatest common divisor
};
constexpr int64_t kFitChecks = 6;

/// Asks what frozen features tell. The attentive probe is V-JEPA 2's (arXiv 2506.09985, section 5: blocks of
/// self-attention, then one of cross-attention with a query and a classifier per question), with fewer blocks; all
/// questions are fitted together (AdamW, half a cosine). The linear probe is a ridge regression from the mean
/// token, standardised, to the classes as 0 and 1.
/// @param train, test  of different clips. @param classes  of each question.
/// @param seed  of weights, order and what is held out.
/// @returns one pair per question, on `test`. @throws Interrupted when stopped.
std::vector<ProbeAnswers> probe_features(const ProbedClips& train, const ProbedClips& test,
                                         const std::vector<int64_t>& classes, const ProbeFit& fit, uint64_t seed,
                                         const JobControl& control);

}  // namespace foresee
