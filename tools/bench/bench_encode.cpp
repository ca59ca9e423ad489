
#include <algorithm>
#include <chrono>
#include <functional>

#include "foresee/encode/encode_run.h"
#include "jepa/core/error.h"
#include "jepa/core/memory.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2/models.h"
#include "jepa/model/vjepa2/packed_encoder.h"
#include "tools/bench/bench.h"

namespace foresee::tools {
namespace {

using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

double seconds_of(const std::function<void()>& work) {
  const auto begin = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::vector<double> timed(const std::function<void()>& work, int64_t warmup, int64_t repetitions) {
  for (int64_t i = 0; i < warmup; ++i) work();
  std::vector<double> seconds;
  for (int64_t i = 0; i < repetitions; ++i) seconds.push_back(seconds_of(work));
  return seconds;
}

// Large products as an encoder's MLP has them; the best of a second.
double gemm_peak_flops(at::ScalarType dtype) {
  constexpr int64_t kRows = 2048, kIn = 1024, kOut = 4096;
  const Tensor x = at::ones({kRows, kIn}, dtype), weight = at::ones({kOut, kIn}, dtype);
  double best = 0, total = 0;
  for (int i = 0; i < 100 && total < 1.0; ++i) {
    const double seconds = seconds_of([&] { at::linear(x, weight); });
    total += seconds;
    best = std::max(best, 2.0 * kRows * kIn * kOut / seconds);
  }
  return best;
}

// Floating-point operations of a clip in matrix products.
double encode_flops(const VideoEncoderConfig& c, int64_t frames, int64_t size) {
  const auto n = static_cast<double>(frames / c.tubelet_size * (size / c.patch_size) * (size / c.patch_size));
  const auto d = static_cast<double>(c.width), mlp = static_cast<double>(c.block().mlp);
  const double block = 2 * n * (4 * d * d + 2 * d * mlp) + 4 * n * n * d;
  return 2 * n * static_cast<double>(c.tubelet().values()) * d + static_cast<double>(c.depth) * block;
}

std::shared_ptr<VideoEncoder> encoder_of(const EncodeBench& bench) {
  if (std::filesystem::exists(bench.model)) return make_encoder(read_vjepa2(bench.model, bench.read));
  auto encoder = std::make_shared<VideoEncoder>(vjepa2_preset(bench.model).encoder);
  encoder->initialise(bench.seed);
  for (auto& parameter : encoder->parameters()) parameter.requires_grad_(false);
  return encoder;
}

// Smooth pictures that move: noise of a few pixels' size, enlarged, shifted from frame to frame. Normalised.
Tensor synthetic_clip(const EncodeBench& bench, uint64_t index) {
  const double numbers = 3.0 * static_cast<double>(bench.frames) * static_cast<double>(bench.size * bench.size);
  check_memory(sizeof(float) * numbers * static_cast<double>(std::max(bench.batch, int64_t{1})),
               "clips of this size, frames and batch");
  const Random random(bench.seed, Stream::kTest, index);
  const int64_t coarse = std::max<int64_t>(2, bench.size / 16);
  const Tensor noise = random.normal_tensor({1, 3, coarse, coarse});
  const Tensor still = at::upsample_bilinear2d(noise, {bench.size, bench.size}, /*align_corners=*/false)[0];
  std::vector<Tensor> frames;
  for (int64_t t = 0; t < bench.frames; ++t) frames.push_back(still.roll({t, 2 * t}, {1, 2}));
  return at::stack(frames, 1);  // [3, T, S, S]
}

Precision precision_of(const std::string& name) {
  for (const auto& [value, text] : kPrecisionNames)
    if (text == name) return value;
  fail<ConfigError>("unknown precision '{}' (fp32, bf16)", name);
}

ordered_json cosines(const Tensor& half, const Tensor& full) {
  const Tensor values = at::cosine_similarity(half.to(at::kDouble), full.to(at::kDouble), /*dim=*/-1);
  return {{"mean", values.mean().item<double>()}, {"min", values.min().item<double>()}};
}

}  // namespace

ordered_json percentiles_ms(std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  const auto at = [&](double share) {
    const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(seconds.size())));
    return 1000 * seconds[std::max<size_t>(rank, 1) - 1];
  };
  return {{"p50", at(0.50)}, {"p95", at(0.95)}, {"p99", at(0.99)}};
}

ordered_json bench_encode(const EncodeBench& bench) {
  const torch::NoGradGuard no_grad;
  const auto encoder = encoder_of(bench);
  std::vector<Tensor> clips;
  for (int64_t i = 0; i < bench.batch; ++i) clips.push_back(synthetic_clip(bench, static_cast<uint64_t>(i)));
  const Tensor batch = at::stack(clips);
  const double flops = encode_flops(encoder->config, bench.frames, bench.size) * static_cast<double>(bench.batch);
  ordered_json result{{"model", bench.model},
                      {"clip", {bench.frames, bench.size, bench.size}},
                      {"batch", bench.batch},
                      {"threads", at::get_num_threads()},
                      {"repetitions", bench.repetitions},
                      {"gflop", flops * 1e-9}};
  const auto row = [&](const std::vector<double>& seconds, at::ScalarType dtype) {
    ordered_json ms = percentiles_ms(seconds);
    const double median = ms["p50"].get<double>() / 1000, peak = gemm_peak_flops(dtype);
    return ordered_json{{"ms", ms},
                        {"clips_per_s", static_cast<double>(bench.batch) / median},
                        {"gflop_per_s", flops / median * 1e-9},
                        {"gemm_peak_gflop_per_s", peak * 1e-9},
                        {"share_of_peak", flops / median / peak}};
  };
  for (const auto& name : bench.precisions) {
    const Precision precision = precision_of(name);
    const PackedEncoder fast(encoder, precision);
    result[name] =
        row(timed([&] { fast.forward(batch); }, bench.warmup, bench.repetitions), dtype_of(precision, at::kCPU));
  }
  if (bench.plain)
    result["plain_fp32"] = row(timed([&] { encoder->forward(batch); }, bench.warmup, bench.repetitions), at::kFloat);
  return result;
}

ordered_json bench_precision(const EncodeBench& bench) {
  const torch::NoGradGuard no_grad;
  const auto encoder = encoder_of(bench);
  const PackedEncoder full(encoder, Precision::kFloat32), half(encoder, Precision::kBFloat16);
  std::vector<Tensor> half_tokens, full_tokens;
  const auto compare = [&](const Tensor& clips) {
    full_tokens.push_back(full.forward(clips));
    half_tokens.push_back(half.forward(clips));
  };
  if (bench.inputs.empty()) {
    for (int64_t i = 0; i < bench.clips; ++i) compare(synthetic_clip(bench, static_cast<uint64_t>(i)).unsqueeze(0));
  } else {
    ClipPlan plan;
    plan.pictures = with_transform(PictureSpec{.size = bench.size}, PictureTransform::kHuggingFace);
    plan.segments.frames = plan.picture_frames = bench.frames;
    const MediaSet media = open_media(bench.inputs, /*threads=*/1);
    (void)for_each_batch(media, plan_clips(media, plan), plan, /*batch=*/1,
                         [&](const Tensor& clips, size_t) { compare(clips); });  // nobody stops it
  }
  const Tensor half_all = at::cat(half_tokens), full_all = at::cat(full_tokens);  // [clips, N, D]
  return {{"model", bench.model},
          {"clips", full_all.size(0)},
          {"clip", {bench.frames, bench.size, bench.size}},
          {"inputs", bench.inputs.empty() ? "synthetic" : "files"},
          {"token_cosine", cosines(half_all, full_all)},
          {"clip_cosine", cosines(half_all.mean(1), full_all.mean(1))}};
}

}  // namespace foresee::tools
