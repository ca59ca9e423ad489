#include "foresee/evaluate/offline/figures.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "jepa/core/error.h"
#include "jepa/core/statistics/samples.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kFewEpisodes = 10;

/// The values of one episode.
struct Cluster {
  double sum = 0;
  int64_t count = 0;
};

/// One for each episode, in order; those without a value, too.
std::vector<Cluster> clusters_of(const Tensor& values, const std::vector<int64_t>& episode) {
  const Tensor plain = values.contiguous();
  const double* const value = plain.const_data_ptr<double>();
  std::vector<Cluster> out;
  for (size_t i = 0; i < episode.size(); ++i) {
    if (i == 0 || episode[i] != episode[i - 1]) out.emplace_back();
    if (!std::isfinite(value[i])) continue;
    out.back().sum += value[i];
    ++out.back().count;
  }
  return out;
}

double mean_of(const Cluster& cluster) {
  return cluster.count > 0 ? cluster.sum / static_cast<double>(cluster.count) : kNotKnown;
}

OfflineMeasure measure_of(std::string group, std::string name, const Tensor& values,
                          const std::vector<int64_t>& episode, uint64_t seed) {
  OfflineMeasure out{.group = std::move(group), .name = std::move(name)};
  for (int64_t h = 0; h < values.size(1); ++h) {
    out.blocks.push_back(episode_figure(values.select(1, h), episode, seed));
    std::vector<double> means;
    for (const Cluster& cluster : clusters_of(values.select(1, h), episode)) means.push_back(mean_of(cluster));
    out.episodes.push_back(std::move(means));
  }
  return out;
}

bool none_known(const OfflineMeasure& measure) {
  return std::all_of(measure.blocks.begin(), measure.blocks.end(), [](const auto& figure) { return figure.n == 0; });
}

}  // namespace

EpisodeFigure episode_figure(const Tensor& values, const std::vector<int64_t>& episode, uint64_t seed) {
  std::vector<Cluster> clusters = clusters_of(values, episode);
  std::erase_if(clusters, [](const Cluster& cluster) { return cluster.count == 0; });
  Cluster all;
  for (const Cluster& cluster : clusters) all.sum += cluster.sum, all.count += cluster.count;
  EpisodeFigure out{mean_of(all), kNotKnown, kNotKnown, all.count, static_cast<int64_t>(clusters.size())};
  if (out.episodes < 2) return out;
  const Statistic mean = [&](std::span<const int64_t> chosen) {
    Cluster some;
    for (const int64_t i : chosen) {
      some.sum += clusters[static_cast<size_t>(i)].sum;
      some.count += clusters[static_cast<size_t>(i)].count;
    }
    return mean_of(some);
  };
  const Interval interval = bootstrap_interval(out.episodes, mean, seed);
  out.low = interval.low, out.high = interval.high;
  return out;
}

OfflinePlans summed_up(const OfflineOutcomes& outcomes, const OfflineStarts& starts, uint64_t seed) {
  OfflinePlans out{.starts = starts.count(), .history = starts.history, .horizon = starts.horizon};
  std::vector<int64_t> episode;
  for (const auto& clip : starts.clips) {
    if (episode.empty() || clip.episode != episode.back()) out.episodes.push_back({.episode = clip.episode});
    ++out.episodes.back().starts;
    episode.push_back(clip.episode);
  }
  const auto add = [&](const char* group, const char* name, const Tensor& values) {
    out.measures.push_back(measure_of(group, name, values, episode, seed));
  };
  add("rank", "", (outcomes.rank_drawn + outcomes.rank_recorded) / 2);
  add("rank_drawn", "", outcomes.rank_drawn);
  add("rank_recorded", "", outcomes.rank_recorded);
  const auto add_distances = [&](const char* group, const FirstBlockDistances& distances) {
    add(group, "planner", distances.planner);
    add(group, "nearest_neighbour", distances.nearest_neighbour);
    add(group, "copy_last", distances.copy_last);
    add(group, "mean", distances.mean);
  };
  add_distances("action_distance", outcomes.blocks);
  if (outcomes.block_means.mean.defined()) add_distances("mean_action_distance", outcomes.block_means);
  add("retrieval", "model", outcomes.retrieved);
  add("retrieval", "unchanged", outcomes.unchanged);
  for (int64_t h = 0; h < out.horizon; ++h) out.chance.push_back(outcomes.chance[h].item<double>());
  return out;
}

std::vector<std::string> offline_remarks(const OfflinePlans& plans, int64_t asked) {
  std::vector<std::string> out;
  const auto episodes = static_cast<int64_t>(plans.episodes.size());
  if (episodes == 1)
    out.emplace_back("one episode is judged: its frames are not independent, so no number has an interval");
  else if (episodes < kFewEpisodes)
    out.push_back(
        fmt::format("{} episodes are judged: intervals of fewer than {} are too narrow", episodes, kFewEpisodes));
  if (plans.horizon < asked)
    out.push_back(fmt::format("sequences of up to {} of {} blocks are judged: the episodes are too short for longer",
                              plans.horizon, asked));
  for (const OfflineMeasure& measure : plans.measures) {
    if (measure.group == "action_distance" && measure.name == "planner" && none_known(measure))
      out.emplace_back("the recorded actions never change: distances between actions have no unit");
    if (measure.group == "action_distance" && measure.name == "nearest_neighbour" && none_known(measure))
      out.emplace_back("the log has no other episode like that: nearest_neighbour has no value");
    if (measure.group == "rank_recorded" && none_known(measure))
      out.emplace_back("the log has no other sequence: the recorded actions have no rank among others");
    if (measure.group != "rank") continue;
    std::string where;
    for (size_t h = 0; h < measure.blocks.size(); ++h)
      if (measure.blocks[h].low <= 0.5) where += fmt::format("{}{}", where.empty() ? "" : ", ", h + 1);
    if (!where.empty())
      out.push_back(fmt::format("the recorded actions do not clearly rank above chance (0.5) at {} blocks", where));
  }
  return out;
}

}  // namespace foresee
