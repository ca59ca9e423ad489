#pragma once

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foresee/evaluate/quality/reading.h"
#include "foresee/evaluate/quality/task.h"

namespace foresee {

/// A number that the data cannot give.
inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// Numbers by name; NaN: the data do not tell.
using NamedNumbers = std::vector<std::pair<std::string, std::vector<double>>>;

/// Distance between states, by the task's numbers. @param a, b  [..., S]. @returns double [...].
Tensor task_distance(const QualityConfig& task, const Tensor& a, const Tensor& b);

/// d of Note [VIScore], over pairs of rows of one episode 1 to 5 rows apart, at most 40,000 of them.
/// @returns nothing for fewer than 30 pairs, or without states.
std::optional<double> latent_tolerance_of(const SeenEpisodes& seen, const QualityConfig& task, uint64_t seed);

/// Mean squared errors for each horizon, over the latents' variance: "model", "nothing" (the present stays), "linear"
/// (a ridge regression from latent and action to the next latent, fitted on training episodes). With states the same as
/// root mean squared errors of the task's distance, read by a linear probe of training episodes: "state_model", ....
/// @param rows  which of the clips count: int64 [k].
NamedNumbers rollout_errors(const SeenEpisodes& seen, const OpenLoop& loop, const Tensor& rows,
                            const QualityConfig& task);

/// Pearson's r of a linear probe for each number of the state, fitted on training episodes, asked on held-out ones.
NamedNumbers state_probes(const SeenEpisodes& seen, const std::vector<std::string>& names);

/// Spearman's correlation of squared latent distance and true distance from rows to goals, the mean over `goals`:
/// "random" rows of all episodes, the "middle" half of them by latent distance, and the "elite" tenth.
NamedNumbers cost_calibration(const SeenEpisodes& seen, const Tensor& goals, const QualityConfig& task, uint64_t seed);

/// Rows of one episode, 5 or more apart, whose states are within half a tolerance: the median of their latent distance
/// over that of rows drawn from all. Of an episode of more than 200 rows, that many are compared. NaN for fewer than 30
/// such pairs.
double revisit_consistency(const SeenEpisodes& seen, const QualityConfig& task, uint64_t seed);

/// How far imagined latents leave the recorded ones: distance to the nearest recorded row over the median distance of a
/// row to the nearest row of another episode; and their norm, from the mean, over that of recorded rows.
/// "nearest_at" and "norm_at" for horizons 1, a tenth, half and all of `steps`.
NamedNumbers drift(const WorldModel& model, const SequenceReader& reader, const SeenEpisodes& seen, const Tensor& rows,
                   int64_t steps, const JobControl& control);

}  // namespace foresee
