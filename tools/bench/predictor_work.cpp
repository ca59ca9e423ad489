#include "tools/bench/predictor_work.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "jepa/core/torch.h"

namespace foresee::tools {
namespace {

/// Inputs and outputs of the layers that a new action goes through, then of those of every step.
using Layers = std::vector<std::pair<int64_t, int64_t>>;

Layers action_layers(const LewmConfig& c) {
  const LewmPredictorConfig& p = c.predictor;
  Layers layers{{c.action_block, c.action_smoothed},
                {c.action_smoothed, c.action_mlp_scale * c.embedding},
                {c.action_mlp_scale * c.embedding, c.embedding},
                {p.width, 6 * p.width * p.layers}};  // the modulations of all blocks
  if (p.width != c.embedding) layers.emplace_back(c.embedding, p.width);
  return layers;
}

Layers head_layers(const LewmConfig& c) {
  Layers layers{{c.embedding, c.prediction_hidden}, {c.prediction_hidden, c.embedding}};
  if (c.predictor.width != c.embedding) layers.emplace_back(c.predictor.width, c.embedding);
  return layers;
}

double flops_of(const Layers& layers) {
  double flops = 0;
  for (const auto& [in, out] : layers) flops += 2.0 * static_cast<double>(in) * static_cast<double>(out);
  return flops;
}

/// Seconds of one product, the least of a tenth of a second.
double seconds_of(int64_t rows, int64_t in, int64_t out, at::Device device) {
  using Clock = std::chrono::steady_clock;
  const auto options = at::TensorOptions(at::kFloat).device(device);
  const Tensor x = at::ones({rows, in}, options), weight = at::ones({in, out}, options);
  Tensor y = at::empty({rows, out}, options);
  double best = 0, total = 0;
  for (int i = 0; i < 10000 && total < 0.1; ++i) {
    const auto begin = Clock::now();
    at::mm_out(y, x, weight);
    if (!device.is_cpu()) y[0][0].item<float>();  // waits for the device
    const double took = std::chrono::duration<double>(Clock::now() - begin).count();
    best = i == 0 ? took : std::min(best, took);
    total += took;
  }
  return best;
}

}  // namespace

double candidate_flops(const LewmConfig& config, int64_t history, int64_t horizon) {
  const LewmPredictorConfig& p = config.predictor;
  if (p.kind != LewmPredictorKind::kRecursive) return 0;
  const auto width = static_cast<double>(p.width), inner = static_cast<double>(p.heads * p.head_dim);
  const auto mlp = static_cast<double>(p.mlp), layers = static_cast<double>(p.layers);
  const double input = p.width == config.embedding ? 0 : flops_of({{config.embedding, p.width}});
  const double keys = 4 * width * inner, query = 2 * width * inner, rest = 2 * inner * width + 4 * width * mlp;
  double flops = 0;
  for (int64_t step = 0; step < horizon; ++step) {
    const int64_t known = std::min(history, p.frames) + step;  // frames, the newest included
    const auto seen = static_cast<double>(std::min(known, p.frames));
    const double tokens = known <= p.frames ? 1 : seen;
    // Scores and sums of values: token t of the window looks at t + 1.
    const double attention_newest = 4 * inner * seen;
    const double attention = tokens > 1 ? 4 * inner * seen * (seen + 1) / 2 : attention_newest;
    flops += flops_of(action_layers(config)) + flops_of(head_layers(config)) + tokens * input;
    flops += (layers - 1) * (tokens * (keys + query + rest) + attention);
    flops += tokens * keys + query + rest + attention_newest;
  }
  return flops;
}

double best_product_rate(const LewmConfig& config, int64_t rows, at::Device device) {
  const LewmPredictorConfig& p = config.predictor;
  const int64_t inner = p.heads * p.head_dim;
  Layers shapes{{p.width, 3 * inner}, {inner, p.width}, {p.width, p.mlp}, {p.mlp, p.width}};
  for (const Layers& more : {action_layers(config), head_layers(config)})
    shapes.insert(shapes.end(), more.begin(), more.end());
  double best = 0;
  for (const auto& [in, out] : shapes)
    for (const int64_t tokens : {int64_t{1}, p.frames}) {
      const double flops = static_cast<double>(rows * tokens) * flops_of({{in, out}});
      best = std::max(best, flops / seconds_of(rows * tokens, in, out, device));
    }
  return best;
}

}  // namespace foresee::tools
