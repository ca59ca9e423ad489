#include "foresee/evaluate/cloning.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "foresee/evaluate/results.h"
#include "jepa/core/error.h"
#include "jepa/core/parameter_tree.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"
#include "jepa/nn/affine.h"
#include "jepa/train/adamw.h"
#include "jepa/train/schedule.h"

namespace foresee {
namespace {

using planner::kBankSize, planner::PictureBank;

/// Picture and goal picture -> normalised action: three convolutions that halve the picture, two linear maps.
class CloningNetwork {
 public:
  explicit CloningNetwork(int64_t actions) {
    constexpr int64_t kChannels[] = {6, 16, 32, 32}, kHidden = 256;
    for (size_t i = 0; i + 1 < std::size(kChannels); ++i) {
      const std::string path = fmt::format("convolution.{}", i);
      convolutions_.push_back({add_parameter(module_, path + ".weight", {kChannels[i + 1], kChannels[i], 3, 3}),
                               add_parameter(module_, path + ".bias", {kChannels[i + 1]})});
    }
    constexpr int64_t kSide = kBankSize / 8;
    hidden_ = add_linear(module_, "hidden", kChannels[3] * kSide * kSide, kHidden);
    out_ = add_linear(module_, "out", kHidden, actions);
  }

  void initialise(const Random& draws) {
    const torch::NoGradGuard no_grad;
    uint64_t first = 0;
    for (Tensor& parameter : module_.parameters()) {
      const double fan_in = static_cast<double>(parameter.numel()) / static_cast<double>(parameter.size(0));
      const double bound = parameter.dim() > 1 ? 1 / std::sqrt(fan_in) : 0;
      parameter.copy_(draws.uniform_tensor(parameter.sizes(), first) * (2 * bound) - bound);
      first += static_cast<uint64_t>(parameter.numel());
    }
  }

  /// @param now, goal  uint8 [B, 3, kBankSize, kBankSize]. @returns float [B, A].
  Tensor forward(const Tensor& now, const Tensor& goal) const {
    Tensor x = at::cat({now, goal}, 1).to(at::kFloat) / 127.5 - 1;
    for (const Affine& layer : convolutions_)
      x = at::gelu(at::conv2d(x, layer.weight, layer.bias, /*stride=*/2, /*padding=*/1));
    return out_.linear(at::gelu(hidden_.linear(x.flatten(1))));
  }

  ParameterGroup parameters() const {
    ParameterGroup group{.parameters = {}, .weight_decay = 1e-3};
    for (const auto& item : module_.named_parameters()) group.parameters.emplace_back(item.key(), item.value());
    return group;
  }

 private:
  torch::nn::Module module_;
  std::vector<Affine> convolutions_;
  Affine hidden_, out_;
};

/// A fitted network and the scale of its actions.
struct Cloned {
  CloningNetwork network;
  Tensor mean, std;  // float [A]
};

/// Rows with an action that is finite, and the last row of the episode of each.
struct Pairs {
  std::vector<int64_t> rows, last;
};

Pairs pairs_of(const PictureBank& bank) {
  const Tensor acts = bank.acts();
  const bool* const usable = acts.const_data_ptr<bool>();
  Pairs pairs;
  for (const auto& episode : bank.episodes)
    for (int64_t row = episode.first; row + 1 < episode.first + episode.rows; ++row)
      if (usable[row]) {
        pairs.rows.push_back(row);
        pairs.last.push_back(episode.first + episode.rows - 1);
      }
  return pairs;
}

std::shared_ptr<const Cloned> fitted(const PictureBank& bank, int64_t horizon, const CloningFit& fit, uint64_t seed,
                                     const JobControl& control) {
  const Pairs pairs = pairs_of(bank);
  if (pairs.rows.empty()) fail<DataError>("{}: no row has an action, which method cloning learns from", bank.origin);
  const Tensor known = bank.actions.index_select(0, at::tensor(pairs.rows, at::kLong));
  auto cloned = std::make_shared<Cloned>(
      Cloned{CloningNetwork(bank.actions.size(1)), known.mean(0), known.std(0, /*unbiased=*/false).clamp_min(1e-6)});
  cloned->network.initialise(Random(seed, Stream::kInit));
  const at::AutoGradMode with_gradients(true);
  AdamW optimizer({cloned->network.parameters()});
  Progress progress(control, "cloning", fit.steps, "steps");
  for (int64_t step = 0; step < fit.steps; ++step) {
    stop_where_asked(control);
    RandomSequence draws(Random(seed, Stream::kBaseline, static_cast<uint64_t>(step)));
    std::vector<int64_t> now, goal;
    for (int64_t i = 0; i < fit.batch; ++i) {
      const auto pair = static_cast<size_t>(draws.integer(static_cast<int64_t>(pairs.rows.size())));
      const int64_t row = pairs.rows[pair], farthest = std::min(horizon, pairs.last[pair] - row);
      now.push_back(row);
      goal.push_back(row + 1 + draws.integer(farthest));
    }
    const Tensor rows = at::tensor(now, at::kLong), goals = at::tensor(goal, at::kLong);
    const Tensor wanted = (bank.actions.index_select(0, rows) - cloned->mean) / cloned->std;
    const Tensor loss =
        (cloned->network.forward(bank.pictures.index_select(0, rows), bank.pictures.index_select(0, goals)) - wanted)
            .square()
            .mean();
    loss.backward();
    optimizer.step(warmup_cosine(step, /*warmup=*/0, fit.steps, 0.0, fit.learning_rate, 0.0));
    optimizer.zero_grad();
    progress.update(step + 1, fmt::format("loss {:.3g}", loss.item<double>()));
  }
  progress.finish();
  return cloned;
}

}  // namespace

planner::CloningFitter cloning_fitter(const CloningFit& fit) {
  return [fit](const PictureBank& bank, int64_t horizon, uint64_t seed, const JobControl& control) {
    const auto cloned = fitted(bank, horizon, fit, seed, control);
    return [cloned](const Tensor& now, const Tensor& goal) {
      const torch::NoGradGuard no_grad;
      return cloned->network.forward(now, goal) * cloned->std + cloned->mean;
    };
  };
}

}  // namespace foresee
