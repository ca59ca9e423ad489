#include "planner/icem.h"

namespace foresee::planner {

void describe(Fields& f, IcemConfig& c) {
  f("noise_beta", c.noise_beta, "exponent of the noise spectrum; 0: white", {0, 100});
  f("momentum", c.momentum, "share of the old mean and deviation that is kept", {0, 1});
  f("keep", c.keep, "elites carried into the next iteration", {0, 1e6});
  f("return_mean", c.return_mean, "answer with the mean; false: with the best elite");
}

CemOptions icem_options(const IcemConfig& config) {
  return {.name = "icem",
          .momentum = {.mean = {config.momentum}, .std = {config.momentum}},
          .keep = config.keep,
          .noise_beta = config.noise_beta,
          .return_mean = config.return_mean};
}

}  // namespace foresee::planner
