#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "foresee/evaluate.h"
#include "foresee/imagine/film_file.h"
#include "planner/eval/evaluate.h"

namespace foresee {

// Note [Imagined and real]
// A plan imagines latents after each of its blocks. Those blocks that were carried out can be held against what then
// happened: the real picture is encoded, and its distance from the imagined latent (root mean square over all numbers)
// is compared with the median distance of recorded frames one block apart (FrameBank::step). Beyond it the two have
// parted: the model was wrong by more than a block's worth. Every new plan begins at the real picture again.

/// What the trials of an evaluation are filmed with.
struct VideoTask {
  const planner::EvalConfig& config;
  const planner::EvalResult& result;
  const WorldModel& model;
  const FrameBank& bank;
  uint64_t seed;
  const JobControl& control;
};

/// A film of each of the first trials of the planner, failures first: what happened, beside what was imagined.
struct TrialFilms {
  std::vector<Film> films;
  std::vector<EvaluationVideo::Trial> trials;  // of each
};

/// Refuses what cannot be filmed: a sweep, methods none of which searches on a model.
/// @throws RequestError "video" or "vary".
void check_video(const EvaluateRequest& request, const planner::EvalConfig& config);

/// Plays trials again, the same as before as draws are named by seed and start, and keeps what each plan imagined.
/// @param count  trials, at most. @throws Interrupted.
TrialFilms film_trials(const VideoTask& task, int64_t count = 4);

/// Draws what was imagined below those film strips of a results folder that show the same trials.
void add_to_strips(const std::filesystem::path& folder, const TrialFilms& filmed);

}  // namespace foresee
