#pragma once

#include <nlohmann/json_fwd.hpp>

#include "data/episode/training_set/contents.h"
#include "foresee/evaluate.h"
#include "foresee/evaluate/quality/task.h"
#include "jepa/model/world_model.h"

namespace foresee {

/// Protocol quality: how good a world model is at planning, judged on recorded episodes, without simulator and planner.
/// Settings: QualityConfig. @throws RequestError without a model or data, or for a member that it does not use;
/// CheckpointError, ConfigError, DataError; Interrupted.
EvaluateResult evaluate_quality(const EvaluateRequest& request, const JobControl& control);

/// The same of a model and episodes that are open. @param trained  as see_episodes. @param env  as complete_task.
/// @param most  episodes to read.
QualityEvaluation quality_of(const WorldModel& model, const data::EpisodeDataset& dataset,
                             const data::TrainedEpisodes& trained, QualityConfig config, const std::string& env,
                             int64_t most, uint64_t seed, const JobControl& control = {});

/// {"protocol": "quality", "model", "data", "env", "seed", "episodes", ..., "viscore": {"score", "veracity",
/// "influence", "sobriety", "abstained", NAME: VALUE}, NAME: VALUE, GROUP: {NAME: VALUE or [VALUE, ...]}, "flags":
/// [{"name", "value", "threshold", "meaning"}]}; null for what the data cannot give.
nlohmann::ordered_json quality_json(const EvaluateRequest& request, const QualityEvaluation& result);

}  // namespace foresee
