#include "planner/icem.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {

void describe(Fields& f, IcemConfig& c) {
  f("noise_beta", c.noise_beta, "exponent of the noise spectrum; 0: white", {0});
  f("momentum", c.momentum, "share of the old mean and deviation that is kept", {0, 1});
  f("keep", c.keep, "elites carried into the next iteration", {0});
  f("return_mean", c.return_mean, "answer with the mean; false: with the best elite");
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

Plan icem(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const IcemConfig& icem) {
  if (config.elites < 2) fail<ConfigError>("icem: expected at least 2 elites, got {}", config.elites);
  const int64_t keep = std::min({icem.keep, config.elites, config.samples - 1});
  Search search(cost, request, config);
  Elites elites;
  for (int64_t i = 0; i < config.iterations; ++i) {
    const Tensor noise = colour_noise(search.noise(i).transpose(2, 3), icem.noise_beta).transpose(2, 3);
    Tensor candidates = search.sample(noise);
    if (i > 0) candidates.slice(1, 1, 1 + keep).copy_(elites.actions.slice(1, 0, keep));
    if (request.low.defined()) candidates = at::maximum(candidates, request.low.to(candidates.options()));
    if (request.high.defined()) candidates = at::minimum(candidates, request.high.to(candidates.options()));
    elites = search.judge(candidates, config.elites);
    const auto [std, mean] = at::std_mean(elites.actions, {1}, /*unbiased=*/true);
    search.mean = icem.momentum * search.mean + (1 - icem.momentum) * mean;
    search.std = icem.momentum * search.std + (1 - icem.momentum) * std;
    search.record(i);
  }
  return search.finish(icem.return_mean ? search.mean : elites.actions.select(1, 0), elites.costs.mean(1));
}

}  // namespace foresee::planner
