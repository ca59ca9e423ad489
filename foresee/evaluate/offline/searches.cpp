#include "foresee/evaluate/offline/searches.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "foresee/evaluate/results.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"
#include "planner/control/mpc.h"

namespace foresee {
namespace {

constexpr int64_t kTogether = 8;  // starts
constexpr uint64_t kOtherDraw = 100000;
constexpr int64_t kTries = 20;  // to find a sequence elsewhere

/// A search of `horizon` blocks for each of `count` starts.
planner::Mpc search_of(const WorldModel& model, const OfflineConfig& config, int64_t horizon, int64_t count,
                       uint64_t seed) {
  planner::MpcConfig mpc;
  mpc.planner.search = {.samples = config.samples,
                        .iterations = config.iterations,
                        .elites = config.elites,
                        .horizon = horizon,
                        .init_std = config.init_std};
  mpc.receding = horizon;
  std::optional<planner::ArmCemConfig> arm;
  if (model.state_spec().kind == StateSpec::Kind::kArmPose) arm.emplace();
  return {mpc, model.action_spec(), seed, count, /*first=*/horizon * count, arm};
}

/// Draws recorded sequences that do not overlap a start's own.
class OtherSequences {
 public:
  OtherSequences(const RecordedLog& log, int64_t block, int64_t horizon, uint64_t seed)
      : log_(log), rows_(sequence_rows(log, horizon)), block_(block), horizon_(horizon), seed_(seed) {}

  /// @returns float [count, H, D]; undefined where the log has none.
  Tensor draw(int64_t start, int64_t episode, int64_t present, int64_t count) const {
    if (rows_.empty()) return {};
    RandomSequence random(Random(seed_, Stream::kBaseline, kOtherDraw + static_cast<uint64_t>(start * 64 + horizon_)));
    std::vector<int64_t> index;
    for (int64_t tries = 0; tries < kTries * count && static_cast<int64_t>(index.size()) < count * horizon_; ++tries) {
      const int64_t row = rows_[static_cast<size_t>(random.integer(static_cast<int64_t>(rows_.size())))];
      if (overlaps(row, episode, present)) continue;
      for (int64_t h = 0; h < horizon_; ++h) index.push_back(row + h);
    }
    if (static_cast<int64_t>(index.size()) < count * horizon_) return {};
    return log_.blocks.index_select(0, torch::tensor(index, at::kLong)).view({count, horizon_, -1});
  }

 private:
  bool overlaps(int64_t row, int64_t episode, int64_t present) const {
    const int64_t place = log_.place(episode);
    if (place < 0) return false;
    const int64_t first = log_.first[static_cast<size_t>(place)], end = log_.first[static_cast<size_t>(place) + 1];
    return row >= first && row < end && std::abs((row - first) * block_ - present) < horizon_ * block_;
  }

  const RecordedLog& log_;
  std::vector<int64_t> rows_;
  int64_t block_, horizon_;
  uint64_t seed_;
};

/// Share of candidates that cost more than the recorded one. @param own  [B]. @param others  [B, K]. @returns [B].
Tensor percentile(const Tensor& own, const Tensor& others) {
  const Tensor mine = own.unsqueeze(1);
  return ((others > mine).to(at::kDouble) + 0.5 * (others == mine).to(at::kDouble)).mean(1);
}

Tensor features_of(const Tensor& latents, int64_t from) { return latents.flatten(from).to(at::kCPU, at::kFloat); }

/// One part of the starts, for one horizon after the other.
struct StartsPart {
  const WorldModel& model;
  const SequenceReader& reader;
  const OfflineStarts& starts;
  const OfflineConfig& config;
  int64_t first, count;
  std::vector<Tensor> drawn{}, recorded{}, planned{}, ends{};  // one for each horizon

  std::span<const data::EpisodeClip> clips() const {
    return std::span(starts.clips).subspan(static_cast<size_t>(first), static_cast<size_t>(count));
  }

  /// Costs of other recorded sequences. @returns double [B, K]; of starts without any, NaN.
  Tensor costs_of_others(const SeenSequences& seen, const OtherSequences& others) const {
    std::vector<Tensor> plans;
    Tensor missing = at::zeros({count, 1}, at::kBool);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t start = first + i;
      Tensor found = others.draw(start, clips()[static_cast<size_t>(i)].episode, starts.present(start, reader.rows),
                                 config.samples);
      if (!found.defined()) missing[i].fill_(true);
      plans.push_back(found.defined() ? found
                                      : at::zeros({config.samples, seen.actions.size(1), seen.actions.size(2)}));
    }
    return costs(seen, at::stack(plans)).masked_fill(missing, std::numeric_limits<double>::quiet_NaN());
  }

  /// @param plans  float [B, K, h, D]. @returns double [B, K].
  Tensor costs(const SeenSequences& seen, const Tensor& plans) const {
    return model.costs(*seen.context, seen.goals, plans.to(seen.goals.device())).to(at::kCPU, at::kDouble);
  }

  void judge(const SeenSequences& seen, planner::Mpc& search, const OtherSequences& others) {
    std::vector<int64_t> problems(static_cast<size_t>(count));
    std::iota(problems.begin(), problems.end(), first);
    Tensor first_costs;
    planner::SearchControl watch;
    watch.trace = [&](int64_t iteration, const planner::Iteration& found) {
      if (iteration == 0) first_costs = found.costs.to(at::kCPU, at::kDouble);
    };
    const planner::CostFn cost = [&](const Tensor& actions, const Tensor&) {
      return model.costs(*seen.context, seen.goals, actions);
    };
    const planner::Plan plan = search.search(search.begin(problems), cost, seen.goals.device(), {}, watch);
    const Tensor own = costs(seen, seen.actions.unsqueeze(1)).squeeze(1);
    drawn.push_back(percentile(own, first_costs));
    const Tensor other_costs = costs_of_others(seen, others);
    recorded.push_back(percentile(own, other_costs).masked_fill(other_costs.isnan().any(1), std::nan("")));
    const Tensor blocks = plan.blocks.cpu();
    const bool arm = model.state_spec().kind == StateSpec::Kind::kArmPose;  // whose plans are in its units
    planned.push_back((arm ? model.action_spec().normalise(blocks) : blocks).select(1, 0).to(at::kFloat));
    ends.push_back(features_of(seen.goals, 1));
  }
};

}  // namespace

OfflineSearches search_to_recorded(const WorldModel& model, const SequenceReader& reader, const RecordedLog& log,
                                   const OfflineStarts& starts, const OfflineConfig& config, uint64_t seed,
                                   const JobControl& control) {
  const at::NoGradGuard no_grad;
  std::vector<planner::Mpc> searches;
  std::vector<OtherSequences> others;
  for (int64_t h = 1; h <= starts.horizon; ++h) {
    searches.push_back(search_of(model, config, h, starts.count(), seed));
    others.emplace_back(log, reader.rows, h, seed);
  }
  std::vector<Tensor> drawn, recorded, done, planned, present, ends, imagined;
  Progress progress(control, "plan", starts.count(), "starts");
  for (int64_t first = 0; first < starts.count(); first += kTogether) {
    stop_where_asked(control);
    StartsPart part{model, reader, starts, config, first, std::min(kTogether, starts.count() - first)};
    for (int64_t h = 1; h <= starts.horizon; ++h) {
      const SeenSequences seen = reader.read(part.clips(), h);
      part.judge(seen, searches[static_cast<size_t>(h - 1)], others[static_cast<size_t>(h - 1)]);
      if (h < starts.horizon) continue;
      imagined.push_back(features_of(model.rollout(*seen.context, seen.actions.unsqueeze(1)).select(1, 0), 2));
      done.push_back(seen.actions.select(1, 0).to(at::kCPU, at::kFloat));
    }
    present.push_back(features_of(reader.read(part.clips(), 0).goals, 1));
    drawn.push_back(at::stack(part.drawn, 1));
    recorded.push_back(at::stack(part.recorded, 1));
    planned.push_back(at::stack(part.planned, 1));
    ends.push_back(at::stack(part.ends, 1));
    progress.update(first + part.count);
  }
  progress.finish();
  return {at::cat(drawn),   at::cat(recorded), at::cat(done),    at::cat(planned),
          at::cat(present), at::cat(ends),     at::cat(imagined)};
}

}  // namespace foresee
