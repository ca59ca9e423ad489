
#include "data/picture/image.h"
#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/statistics/samples.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2/packed_encoder.h"
#include "jepa/model/vjepa2_ac/vjepa2_ac.h"
#include "jepa/model/vjepa2_ac/world_model.h"
#include "planner/control/picture_fit.h"
#include "tools/bench/bench.h"

namespace foresee::tools {
namespace {

// Observed and goal, uint8 [2, 3, S, S]: a smooth picture, and the same moved by an eighth.
Tensor synthetic_pictures(int64_t size, uint64_t seed) {
  const Tensor noise = Random(seed, Stream::kTest, 7).normal_tensor({1, 3, 8, 8}) * 60 + 128;
  const Tensor picture = at::upsample_bilinear2d(noise, {size, size}, /*align_corners=*/false)[0];
  return at::stack({picture, picture.roll(size / 8, 2)}).clamp(0, 255).to(at::kByte);
}

/// Observed picture and goal as the model's encoder takes them: float [2, 3, S, S].
Tensor input_pictures(const RankingBench& bench, const PictureSpec& spec) {
  if (bench.pictures.empty()) return action_input(synthetic_pictures(spec.size, bench.seed), spec);
  FORESEE_CHECK(bench.pictures.size() == 2, "expected an observed picture and a goal, got {}", bench.pictures.size());
  std::vector<Tensor> pictures;
  for (const auto& path : bench.pictures)
    pictures.push_back(action_input(planner::fit_picture(data::read_image(path), spec).unsqueeze(0), spec));
  return at::cat(pictures);
}

/// Costs of plans for a robot whose state is all zeros. @param input  of input_pictures. @param plans  float [K, H, D].
/// @returns [K].
Tensor plan_costs(const LoadedVjepa2Ac& world, const Tensor& input, const Tensor& plans, Precision precision) {
  const Vjepa2AcWorldModel planned(world.model, world.actions, world.preprocess, Vjepa2AcWorldModel::kCacheBytes,
                                   precision);
  const Vjepa2Ac& model = planned.model();
  const PackedEncoder encoder(model.encoder, precision);
  const Tensor features =
      model.normalise(encoder.forward(input.unsqueeze(2).expand({-1, -1, model.config.encoder.tubelet_size, -1, -1})));
  Observation seen;
  seen.state = at::zeros({1, 1, model.config.predictor.state_size}, at::kDouble);
  const auto context = planned.encode_features(features.narrow(0, 0, 1).unsqueeze(1), model.grid(), seen);
  return planned.costs(*context, features.narrow(0, 1, 1), plans.unsqueeze(0))[0];
}

// Position of every value in ascending order.
Tensor places(const Tensor& values) { return values.argsort().argsort().to(at::kDouble); }

}  // namespace

nlohmann::ordered_json bench_ranking(const RankingBench& bench) {
  const torch::NoGradGuard no_grad;
  FORESEE_CHECK(bench.candidates >= 2 && bench.elites >= 1 && bench.elites <= bench.candidates && bench.horizon >= 1,
                "expected at least 2 candidates and at most as many elites, got {} and {}", bench.candidates,
                bench.elites);
  const LoadedVjepa2Ac world = load_vjepa2_ac(bench.world, bench.read);
  if (world.model.config.predictor.use_extrinsics)
    fail<ConfigError>("{}: needs camera extrinsics, which this benchmark has not", bench.world.string());
  const Tensor pictures = input_pictures(bench, world.preprocess);
  const Tensor plans =
      Random(bench.seed, Stream::kTest, 8).normal_tensor({bench.candidates, bench.horizon, world.actions.block_size()});
  const Tensor full = plan_costs(world, pictures, plans, Precision::kFloat32).to(at::kDouble);
  const Tensor half = plan_costs(world, pictures, plans, Precision::kBFloat16).to(at::kDouble);
  const auto list = [](const Tensor& costs) {
    return std::span(costs.const_data_ptr<double>(), static_cast<size_t>(costs.numel()));
  };
  const double correlation = spearman(list(full), list(half));
  const auto best = [&](const Tensor& costs) { return places(costs) < static_cast<double>(bench.elites); };
  const auto shared = (best(full) & best(half)).sum().item<int64_t>();
  return {{"world", bench.world.string()},
          {"candidates", bench.candidates},
          {"horizon", bench.horizon},
          {"spearman", correlation},
          {"elites", bench.elites},
          {"elite_overlap", static_cast<double>(shared) / static_cast<double>(bench.elites)},
          {"same_best", full.argmin().item<int64_t>() == half.argmin().item<int64_t>()},
          {"cost_spread", (full.max() - full.min()).item<double>()},
          {"cost_error", (full - half).abs().max().item<double>()}};
}

}  // namespace foresee::tools
