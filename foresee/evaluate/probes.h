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

/// How the attentive probe is fitted.
struct ProbeFit {
  int64_t epochs = 20;
  int64_t batch = 32;  // clips
  double learning_rate = 1e-3;
  double weight_decay = 0.01;
  int64_t heads = 4;  // where the width is a multiple of it, else 1
};

/// Asks what frozen features tell. The attentive probe is one block of cross-attention, with a query and a classifier
/// per question, all fitted together (AdamW, half a cosine); the linear probe is a ridge regression from the mean
/// token, standardised, to the classes as 0 and 1.
/// @param train, test  of different clips. @param classes  of each question. @param seed  of weights and order.
/// @returns one pair per question, on `test`. @throws Interrupted when stopped.
std::vector<ProbeAnswers> probe_features(const ProbedClips& train, const ProbedClips& test,
                                         const std::vector<int64_t>& classes, const ProbeFit& fit, uint64_t seed,
                                         const JobControl& control);

}  // namespace foresee
