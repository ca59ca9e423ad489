#include "foresee/evaluate/quality/measures.h"

#include <algorithm>
#include <cmath>

#include "foresee/evaluate/quality/viscore.h"
#include "foresee/evaluate/results.h"
#include "jepa/core/random.h"
#include "jepa/core/statistics/samples.h"
#include "jepa/core/torch.h"
#include "jepa/train/probe/latent_probe.h"

namespace foresee {
namespace {

constexpr double kReadingRidge = 1e-4;   // of a feature's variance
constexpr size_t kMostPairs = 40000;     // of rows
constexpr int64_t kRowsForCost = 400;    // compared with each goal
constexpr int64_t kRowsOfEpisode = 200;  // compared with each other
constexpr int64_t kNeighbours = 2000;    // recorded rows that drift is measured from
constexpr uint64_t kPairs = 4, kCandidates = 5, kTypical = 6, kCloud = 7;

Tensor drawn_rows(int64_t rows, int64_t most, uint64_t seed, uint64_t step) {
  const Tensor order = torch::tensor(Random(seed, Stream::kBaseline, step).permutation(rows), at::kLong);
  return order.slice(0, 0, most);
}

/// Pairs of rows of one episode, `least` to `most` rows apart.
std::vector<std::pair<int64_t, int64_t>> pairs_of(const SeenEpisodes& seen, int64_t least, int64_t most) {
  std::vector<std::pair<int64_t, int64_t>> out;
  for (size_t e = 0; e + 1 < seen.first.size(); ++e)
    for (int64_t row = seen.first[e]; row < seen.first[e + 1]; ++row)
      for (int64_t other = row + least; other < std::min(row + most + 1, seen.first[e + 1]); ++other)
        out.emplace_back(row, other);
  return out;
}

/// Both sides of pairs as indices: int64 [2, n].
Tensor index_of(const std::vector<std::pair<int64_t, int64_t>>& pairs) {
  std::vector<int64_t> first, second;
  for (const auto& pair : pairs) first.push_back(pair.first), second.push_back(pair.second);
  return at::stack({torch::tensor(first, at::kLong), torch::tensor(second, at::kLong)});
}

Tensor columns_of(const Tensor& states, const std::vector<int64_t>& numbers) {
  return states.index_select(-1, torch::tensor(numbers, at::kLong));
}

std::vector<double> numbers_of(const Tensor& values) {
  const Tensor plain = values.to(at::kDouble).flatten().contiguous();
  return {plain.const_data_ptr<double>(), plain.const_data_ptr<double>() + plain.numel()};
}

/// Training rows, or all where no episode trains. @param known  rows that count.
Tensor training_rows(const SeenEpisodes& seen, const Tensor& known) {
  const Tensor train = known.logical_and(seen.held_out.logical_not());
  return (train.sum().item<int64_t>() > 1 ? train : known).nonzero().squeeze(1);
}

/// Latents of the clips by a linear model that is rolled out: [n, H, D].
Tensor linear_rollout(const SeenEpisodes& seen, const OpenLoop& loop, const Tensor& present) {
  std::vector<int64_t> rows;
  for (size_t e = 0; e + 1 < seen.first.size(); ++e)
    for (int64_t row = seen.first[e]; row + 1 < seen.first[e + 1]; ++row) rows.push_back(row);
  Tensor train = at::zeros({seen.latents.size(0)}, at::kBool);
  train.index_fill_(0, torch::tensor(rows, at::kLong), true);
  const Tensor from = training_rows(seen, train);
  const Tensor x = at::cat({seen.latents, seen.actions}, 1).index_select(0, from);
  const Tensor y = seen.latents.index_select(0, from + 1);
  Tensor now = seen.latents.index_select(0, present);
  std::vector<Tensor> out;
  for (int64_t h = 0; h < loop.predicted.size(1); ++h) {
    now = least_squares(x, y, at::cat({now, seen.actions.index_select(0, present + h)}, 1), kReadingRidge);
    out.push_back(now);
  }
  return at::stack(out, 1);
}

}  // namespace

Tensor task_distance(const QualityConfig& task, const Tensor& a, const Tensor& b) {
  const Tensor apart = columns_of(a - b, task.numbers).abs();
  return task.largest ? apart.amax(-1) : apart.square().sum(-1).sqrt();
}

std::optional<double> latent_tolerance_of(const SeenEpisodes& seen, const QualityConfig& task, uint64_t seed) {
  if (!seen.states.defined() || task.tolerance == 0) return std::nullopt;
  auto pairs = pairs_of(seen, 1, 5);
  if (pairs.empty()) return std::nullopt;
  if (pairs.size() > kMostPairs) {
    const auto order = Random(seed, Stream::kBaseline, kPairs).permutation(static_cast<int64_t>(pairs.size()));
    std::vector<std::pair<int64_t, int64_t>> kept;
    for (size_t i = 0; i < kMostPairs; ++i) kept.push_back(pairs[static_cast<size_t>(order[i])]);
    pairs = kept;
  }
  const Tensor index = index_of(pairs);
  const Tensor a = seen.states.index_select(0, index[0]), b = seen.states.index_select(0, index[1]);
  const auto moved = numbers_of(task_distance(task, a, b));
  std::vector<double> nuisance(pairs.size());
  if (!task.nuisance.empty()) nuisance = numbers_of(columns_of(a - b, task.nuisance).square().sum(-1).sqrt());
  std::vector<RowPair> rows;
  for (size_t i = 0; i < pairs.size(); ++i) rows.push_back({pairs[i].first, pairs[i].second, moved[i], nuisance[i]});
  return latent_tolerance(seen.latents, std::move(rows), task.tolerance, !task.nuisance.empty());
}

NamedNumbers rollout_errors(const SeenEpisodes& seen, const OpenLoop& loop, const Tensor& rows,
                            const QualityConfig& task) {
  const Tensor present = loop.present.index_select(0, rows), predicted = loop.predicted.index_select(0, rows);
  const int64_t horizon = predicted.size(1);
  const Tensor still = seen.latents.index_select(0, present).unsqueeze(1).expand({-1, horizon, -1});
  const double variance = std::max(total_variance(seen.latents), 1e-12);
  const std::pair<const char*, Tensor> rollouts[] = {
      {"model", predicted}, {"nothing", still}, {"linear", linear_rollout(seen, loop, present)}};
  NamedNumbers out;
  for (const auto& entry : rollouts) {
    std::vector<double> errors;
    for (int64_t h = 0; h < horizon; ++h)
      errors.push_back(
          normalised_error(entry.second.select(1, h), seen.latents.index_select(0, present + h + 1), variance));
    out.emplace_back(entry.first, errors);
  }
  if (!seen.states.defined()) return out;
  const Tensor fit = training_rows(seen, at::isfinite(seen.states).all(1));
  const Tensor x = seen.latents.index_select(0, fit), y = seen.states.index_select(0, fit);
  for (const auto& entry : rollouts) {
    const Tensor read =
        least_squares(x, y, entry.second.flatten(0, 1), kReadingRidge).unflatten(0, {rows.size(0), horizon});
    std::vector<double> errors;
    for (int64_t h = 0; h < horizon; ++h) {
      const Tensor apart = task_distance(task, read.select(1, h), seen.states.index_select(0, present + h + 1));
      errors.push_back(apart.masked_select(at::isfinite(apart)).square().mean().sqrt().item<double>());
    }
    out.emplace_back(std::string("state_") + entry.first, errors);
  }
  return out;
}

NamedNumbers state_probes(const SeenEpisodes& seen, const std::vector<std::string>& names) {
  if (!seen.states.defined()) return {};
  const Tensor known = at::isfinite(seen.states).all(1);
  const Tensor asked = known.logical_and(seen.held_out).nonzero().squeeze(1), fit = training_rows(seen, known);
  NamedNumbers out;
  if (asked.size(0) < 2 || fit.size(0) < 2) return out;
  const ProbeScore score = linear_probe(seen.latents.index_select(0, fit), seen.states.index_select(0, fit),
                                        seen.latents.index_select(0, asked), seen.states.index_select(0, asked));
  for (size_t i = 0; i < score.r.size(); ++i)
    out.emplace_back(i < names.size() ? names[i] : std::to_string(i), std::vector<double>{score.r[i]});
  return out;
}

NamedNumbers cost_calibration(const SeenEpisodes& seen, const Tensor& goals, const QualityConfig& task, uint64_t seed) {
  if (!seen.states.defined() || task.numbers.empty()) return {};
  const Tensor known = at::isfinite(columns_of(seen.states, task.numbers)).all(1);
  const Tensor drawn = drawn_rows(seen.latents.size(0), kRowsForCost, seed, kCandidates);
  const Tensor rows = drawn.masked_select(known.index_select(0, drawn));
  const Tensor z = seen.latents.index_select(0, rows), s = seen.states.index_select(0, rows);
  const std::pair<const char*, std::pair<double, double>> parts[] = {
      {"random", {0, 1}}, {"middle", {0.25, 0.75}}, {"elite", {0, 0.1}}};
  NamedNumbers out;
  for (const auto& part : parts) {
    double sum = 0, count = 0;
    for (int64_t g = 0; g < goals.size(0); ++g) {
      const auto goal = goals[g].item<int64_t>();
      if (!known[goal].item<bool>()) continue;
      const Tensor cost = (z - seen.latents[goal]).square().sum(1);
      const Tensor order = cost.argsort();
      const auto total = static_cast<double>(order.size(0));
      const Tensor kept =
          order.slice(0, std::llround(part.second.first * total), std::llround(part.second.second * total));
      if (kept.size(0) < 10) continue;
      const Tensor away = task_distance(task, s.index_select(0, kept), seen.states[goal]);
      const double r = spearman(numbers_of(cost.index_select(0, kept)), numbers_of(away));
      if (std::isfinite(r)) sum += r, ++count;
    }
    out.emplace_back(part.first, std::vector<double>{count > 0 ? sum / count : kUnknown});
  }
  return out;
}

double revisit_consistency(const SeenEpisodes& seen, const QualityConfig& task, uint64_t seed) {
  if (!seen.states.defined() || task.tolerance == 0) return kUnknown;
  std::vector<Tensor> distances;
  for (size_t e = 0; e + 1 < seen.first.size(); ++e) {
    const int64_t length = seen.first[e + 1] - seen.first[e], step = (length + kRowsOfEpisode - 1) / kRowsOfEpisode;
    const Tensor rows = at::arange(seen.first[e], seen.first[e + 1], step);
    const Tensor s = seen.states.index_select(0, rows), z = seen.latents.index_select(0, rows);
    const Tensor close = task_distance(task, s.unsqueeze(0), s.unsqueeze(1)) <= task.tolerance / 2;
    distances.push_back(at::cdist(z, z).masked_select(close.triu(std::max<int64_t>(1, 5 / step))));
  }
  const Tensor returned = at::cat(distances);
  if (returned.size(0) < 30) return kUnknown;
  const Tensor all = seen.latents.index_select(0, drawn_rows(seen.latents.size(0), kNeighbours, seed, kTypical));
  const double typical = (all - all.roll(1, 0)).norm(2, -1).median().item<double>();
  return returned.median().item<double>() / std::max(typical, 1e-12);
}

NamedNumbers drift(const WorldModel& model, const SequenceReader& reader, const SeenEpisodes& seen, const Tensor& rows,
                   int64_t steps, const JobControl& control) {
  const at::NoGradGuard no_grad;
  stop_where_asked(control);
  const SeenSequences from = sequences_at(reader, seen, rows, model.history(), /*horizon=*/1);
  std::vector<Tensor> looped;  // the episode's own actions, again and again
  for (int64_t i = 0; i < rows.size(0); ++i) {
    const auto row = rows[i].item<int64_t>();
    const auto end = *std::upper_bound(seen.first.begin(), seen.first.end(), row);
    const Tensor once = seen.actions.slice(0, row, end);
    looped.push_back(once.repeat({steps / once.size(0) + 1, 1}).slice(0, 0, steps));
  }
  const Tensor plans = at::stack(looped).unsqueeze(1).to(from.goals.device(), at::kFloat);
  const Tensor imagined = pooled_rollout(model.rollout(*from.context, plans)).select(1, 0);  // [B, steps, D]
  const Tensor cloud_rows = drawn_rows(seen.latents.size(0), kNeighbours, /*seed=*/0, kCloud);
  const Tensor cloud = seen.latents.index_select(0, cloud_rows);
  const Tensor centre = seen.latents.mean(0);
  const double norm = std::max((seen.latents - centre).norm(2, -1).median().item<double>(), 1e-12);
  // Of rows that stand in for each other: the first of each episode, and the nearest of another.
  std::vector<double> typical;
  for (size_t e = 0; e + 1 < seen.first.size() && seen.first.size() > 2; ++e) {
    const Tensor others = cloud_rows.lt(seen.first[e]).logical_or(cloud_rows.ge(seen.first[e + 1]));
    const Tensor away = at::cdist(seen.latents.slice(0, seen.first[e], seen.first[e] + 1), cloud).squeeze(0);
    if (others.any().item<bool>()) typical.push_back(away.masked_select(others).min().item<double>());
  }
  const double usual = typical.empty() ? norm : std::max(quantile(typical, 0.5), 1e-12);
  std::vector<double> when, nearest, norms;
  for (const int64_t step : {int64_t{1}, steps / 10, steps / 2, steps}) {
    if (step < 1) continue;
    const Tensor now = imagined.select(1, step - 1);
    when.push_back(static_cast<double>(step));
    nearest.push_back(std::get<0>(at::cdist(now, cloud).min(1)).median().item<double>() / usual);
    norms.push_back((now - centre).norm(2, -1).median().item<double>() / norm);
  }
  return {{"steps", when}, {"nearest_at", nearest}, {"norm_at", norms}};
}

}  // namespace foresee
