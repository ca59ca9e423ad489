#include "foresee/evaluate/features.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numbers>

#include "foresee/evaluate/feature_clips.h"
#include "foresee/evaluate/probes.h"
#include "foresee/evaluate/results.h"
#include "foresee/settings/device.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"
#include "jepa/model/vjepa2/models.h"
#include "jepa/model/vjepa2/packed_encoder.h"

namespace foresee {
namespace {

constexpr int64_t kUsualTest = 20000;  // clips: to test takes little time, and many make intervals narrow
constexpr int64_t kMostFit = 2000;
constexpr int64_t kFewestTest = 24;
constexpr int64_t kFewestEpochs = 20, kMostEpochs = 60;
constexpr double kArithmetic = 3e13;  // products and sums that all of it may take: minutes on two cores
constexpr double kNumbers = 2.5e8;    // of all clips' tokens of one kind
constexpr int64_t kPixels = 4;        // side of a token of pixels
constexpr int64_t kWaves = 4;         // per axis of its place

/// Refuses members that only a closed loop uses.
void check_features(const EvaluateRequest& request) {
  if (request.model.empty()) throw RequestError("model", "eval: protocol features needs an encoder of video");
  if (request.data.size() > 1)
    throw RequestError("data",
                       "eval: protocol features takes one list of labelled clips, 'PATH LABEL' in each line, "
                       "or one folder of videos");
  if (request.episodes && *request.episodes < 2)
    throw RequestError("episodes", fmt::format("eval: expected 2 or more clips to test on, got {}", *request.episodes));
  if (request.episodes && !request.data.empty())
    throw RequestError("episodes", "eval: the list says how many clips there are: leave 'episodes' out");
  refuse_unused(request, "features", {"data", "episodes"});
}

/// Scenes of the generator that probes are fitted on, of so many to test on.
int64_t fitted_on(int64_t test) { return std::min(2 * test, kMostFit); }

/// Products and sums of the protocol for an encoder of this size.
class Work {
 public:
  explicit Work(const VideoEncoderConfig& config) {
    const auto tokens = static_cast<double>(config.grid().tokens()), width = static_cast<double>(config.width);
    const double block = tokens * (8 * width * width + 4 * width * static_cast<double>(config.block().mlp)) +
                         4 * tokens * tokens * width;
    encode_ = 2 * static_cast<double>(config.depth) * block;  // the model and random weights
    numbers_ = tokens * (width + 6 * kWaves);
    const auto fits = 3 * static_cast<double>(ProbeFit().learning_rates.size());
    const double pool = tokens * 4 * width * width, mix = 3 * pool + 2 * tokens * tokens * width;  // blocks of a probe
    epoch_ = fits * 3 * (pool + static_cast<double>(ProbeFit().depth - 1) * mix);                  // forward, backward
  }

  /// As many epochs as kArithmetic allows.
  int64_t epochs(int64_t fit, int64_t test) const {
    const double left = kArithmetic - static_cast<double>(fit + test) * encode_;
    return std::clamp(static_cast<int64_t>(left / (static_cast<double>(fit) * epoch_)), kFewestEpochs, kMostEpochs);
  }

  /// kUsualTest, halved until time and memory allow it.
  int64_t test_scenes() const {
    int64_t test = kUsualTest;
    while (test > kFewestTest && !allowed(fitted_on(test), test)) test = std::max(test / 2, kFewestTest);
    return test;
  }

 private:
  bool allowed(int64_t fit, int64_t test) const {
    const auto clips = static_cast<double>(fit + test);
    return clips * numbers_ <= kNumbers &&
           clips * encode_ + static_cast<double>(fit * kFewestEpochs) * epoch_ <= kArithmetic;
  }
  double encode_ = 0, epoch_ = 0;  // products and sums of a clip; of an epoch over one clip
  double numbers_ = 0;             // of a clip's tokens
};

/// Sines and cosines of the places along one axis: float [L, 2 * kWaves].
Tensor waves(int64_t length) {
  const Tensor place = (at::arange(length, at::kFloat) + 0.5) / static_cast<double>(length);
  std::vector<Tensor> columns;
  for (int64_t k = 0; k < kWaves; ++k) {
    const Tensor angle = place * (std::numbers::pi * static_cast<double>(int64_t{1} << k));
    columns.push_back(angle.sin());
    columns.push_back(angle.cos());
  }
  return at::stack(columns, 1);
}

/// Tokens with their places as sines and cosines: float [B, N, D + 24].
Tensor with_places(const Tensor& tokens, const TokenGrid& grid) {
  const auto along = [&](int64_t axis, int64_t length) {
    std::vector<int64_t> shape{1, 1, 1, 2 * kWaves};
    shape[static_cast<size_t>(axis)] = length;
    return waves(length).view(shape).expand({grid.time, grid.height, grid.width, 2 * kWaves});
  };
  const Tensor places = at::cat({along(0, grid.time), along(1, grid.height), along(2, grid.width)}, 3).flatten(0, 2);
  return at::cat({tokens, places.to(tokens.device()).unsqueeze(0).expand({tokens.size(0), -1, -1})}, 2);
}

/// Tokens of all clips as three kinds of features see them: float [n, N, D] each.
struct FeatureTokens {
  Tensor model, random, pixels;
};

void put(Tensor& all, const Tensor& rows, int64_t first, int64_t clips) {
  if (!all.defined()) all = at::empty({clips, rows.size(1), rows.size(2)}, rows.options());
  all.narrow(0, first, rows.size(0)).copy_(rows);
}

FeatureTokens encode_clips(const FeatureClips& source, const Vjepa2Weights& weights, uint64_t seed, at::Device device,
                           const JobControl& control) {
  const torch::NoGradGuard no_grad;
  const std::shared_ptr<VideoEncoder> trained = make_encoder(weights),
                                      random = std::make_shared<VideoEncoder>(weights.config.encoder);
  random->initialise(seed);
  for (const auto& encoder : {trained, random}) encoder->to(device);
  const PackedEncoder model(trained, Precision::kFloat32), untrained(random, Precision::kFloat32);
  FeatureTokens out;
  const int64_t count = source.train + source.test;
  Progress progress(control, "encode", count, "clips");
  const auto take = [&](const Tensor& clips, int64_t first) {
    const Tensor input = clips.to(device);
    const TubeletSize tubelet = weights.config.encoder.tubelet();
    const TokenGrid grid = tubelet.grid(input);
    put(out.model, with_places(model.forward(input), grid), first, count);
    put(out.random, with_places(untrained.forward(input), grid), first, count);
    put(out.pixels, with_places(pixel_tokens(input, tubelet), grid), first, count);
    progress.update(first + clips.size(0));
  };
  if (!source.for_each(take, control)) stop_where_asked(control);
  progress.finish();
  return out;
}

FactorEvaluation::Probes probes_of(const ProbeAnswers& answers) {
  const auto rate = [](const SuccessRate& r) { return ProbeRate{r.rate, r.low, r.high, r.n}; };
  return {rate(answers.attentive), rate(answers.linear)};
}

FeatureEvaluation scored(const FeatureClips& source, const FeatureTokens& tokens, const VideoEncoderConfig& config,
                         uint64_t seed, const JobControl& control) {
  const ProbeFit fit{.epochs = Work(config).epochs(source.train, source.test), .heads = config.heads};
  std::vector<int64_t> classes;
  for (const auto& question : source.questions) classes.push_back(question.classes);
  const Tensor known = source.classes.to(tokens.model.device());
  const auto answers = [&](const Tensor& features) {
    const auto part = [&](int64_t first, int64_t clips) {
      return ProbedClips{features.narrow(0, first, clips), known.narrow(0, first, clips)};
    };
    return probe_features(part(0, source.train), part(source.train, source.test), classes, fit, seed, control);
  };
  const auto model = answers(tokens.model), random = answers(tokens.random), pixels = answers(tokens.pixels);
  FeatureEvaluation out{.origin = source.origin,
                        .train_clips = source.train,
                        .clips = source.test,
                        .epochs = fit.epochs,
                        .frames = config.frames,
                        .size = config.image_size};
  for (size_t i = 0; i < source.questions.size(); ++i)
    out.factors.push_back({.factor = source.questions[i].factor,
                           .chance = source.questions[i].chance,
                           .model = probes_of(model[i]),
                           .random = probes_of(random[i]),
                           .pixels = probes_of(pixels[i])});
  return out;
}

FeatureEvaluation evaluated(const EvaluateRequest& request, const JobControl& control) {
  ReadOptions read;  // of Meta's files the moving average, as upstream evaluates them
  read.trained_on = true;
  const Vjepa2Weights weights = read_vjepa2(request.model, read, Vjepa2Parts::kEncoder);
  const VideoEncoderConfig& config = weights.config.encoder;
  const int64_t batch = std::clamp<int64_t>(4096 / config.grid().tokens(), 1, 32);
  const uint64_t seed = request.options.seed;
  const int64_t test = request.episodes.value_or(Work(config).test_scenes());
  const auto clips_of = [&](const std::filesystem::path& data) {
    return std::filesystem::is_directory(data) ? unlabelled_clips(weights, data, batch, seed)
                                               : listed_clips(weights, data, batch, control);
  };
  const FeatureClips source =
      request.data.empty() ? scene_clips(weights, fitted_on(test), test, batch, seed) : clips_of(request.data.front());
  if (request.data.empty() && !request.episodes && test < kUsualTest)
    log_info("{} clips to test on, not {}: this encoder is large, and more would take too much time or memory", test,
             kUsualTest);
  const FeatureTokens tokens = encode_clips(source, weights, seed, job_device(request.options.device), control);
  return scored(source, tokens, config, seed, control);
}

nlohmann::ordered_json rate_json(const ProbeRate& rate) {
  return {{"rate", rate.rate}, {"low", rate.low}, {"high", rate.high}, {"n", rate.n}};
}

nlohmann::ordered_json probes_json(const FactorEvaluation::Probes& probes) {
  nlohmann::ordered_json out = rate_json(probes.attentive);
  out["linear"] = rate_json(probes.linear);
  return out;
}

}  // namespace

Tensor pixel_tokens(const Tensor& clips, const TubeletSize& tubelet) {
  const TokenGrid grid = tubelet.grid(clips);
  Tensor small = clips.narrow(3, 0, grid.height * tubelet.size).narrow(4, 0, grid.width * tubelet.size);
  int64_t patch = tubelet.size;
  if (patch > kPixels && patch % kPixels == 0) {
    const auto frames = small.transpose(1, 2).flatten(0, 1);  // [B * T, 3, S, S]
    const Tensor shrunk = at::avg_pool2d(frames, {patch / kPixels});
    small = shrunk.unflatten(0, {clips.size(0), clips.size(2)}).transpose(1, 2);
    patch = kPixels;
  }
  return unfold_tubelets(small.contiguous(), {tubelet.frames, patch});
}

nlohmann::ordered_json features_json(const EvaluateRequest& request, const FeatureEvaluation& result) {
  nlohmann::ordered_json out{{"protocol", "features"},
                             {"model", request.model.string()},
                             {"data", request.data.empty() ? "scenes" : request.data.front().string()},
                             {"seed", request.options.seed},
                             {"train_clips", result.train_clips},
                             {"clips", result.clips},
                             {"epochs", result.epochs},
                             {"frames", result.frames},
                             {"size", result.size}};
  for (const auto& factor : result.factors)
    out[factor.factor] = {{"chance", factor.chance},
                          {"model", probes_json(factor.model)},
                          {"random", probes_json(factor.random)},
                          {"pixels", probes_json(factor.pixels)}};
  return out;
}

EvaluateResult evaluate_features(const EvaluateRequest& request, const JobControl& control) {
  check_features(request);
  return evaluated_once(request, [&] { return EvaluateResult{.features = evaluated(request, control)}; });
}

}  // namespace foresee
