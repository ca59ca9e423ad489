#include "planner/noise.h"

#include "jepa/core/error.h"
#include "jepa/core/memory.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"

namespace foresee::planner {

Tensor draw_noise(uint64_t seed, std::span<const PlanId> ids, const SearchConfig& config, int64_t block_size) {
  const auto count = static_cast<int64_t>(ids.size());
  const int64_t each = config.samples * config.steps() * block_size;
  FORESEE_CHECK(config.iterations * each < int64_t{1} << 32, "expected fewer than 2^32 draws a search, got {}",
                config.iterations * each);
  check_memory(sizeof(float) * static_cast<double>(config.iterations * each) * static_cast<double>(count),
               fmt::format("planner: the draws of iterations, samples and horizon for {} plans", count));
  Tensor noise = at::empty({config.iterations, count, config.samples, config.steps(), block_size}, at::kFloat);
  float* out = noise.data_ptr<float>();
  for (int64_t iteration = 0; iteration < config.iterations; ++iteration)
    for (const PlanId& id : ids) {
      const Random random(seed, Stream::kPlan, static_cast<uint64_t>(id.number));
      random.fill_normal({out, static_cast<size_t>(each)},
                         (static_cast<uint64_t>(id.problem) << 32) + static_cast<uint64_t>(iteration * each));
      out += each;
    }
  return noise;
}

Tensor colour_noise(const Tensor& white, double beta) {
  const int64_t horizon = white.size(-1);
  if (horizon == 1) return white;
  Tensor frequency = at::fft_rfftfreq(horizon, 1.0, white.options());
  frequency[0] = frequency[1].item<float>();  // the constant part has no frequency: it takes the lowest one's share
  const Tensor spectrum = at::fft_rfft(white) * frequency.pow(-beta / 2);
  const Tensor coloured = at::fft_irfft(spectrum, horizon);
  return coloured / coloured.std(-1, /*unbiased=*/true, /*keepdim=*/true).clamp_min(1e-8);
}

}  // namespace foresee::planner
