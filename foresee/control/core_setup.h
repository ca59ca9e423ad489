#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "foresee/control/controller_config.h"
#include "foresee/controller.h"
#include "jepa/model/world_model.h"

namespace foresee {

/// What a Controller's core is made of.
struct CoreSetup {
  ControllerConfig config;
  planner::ControlOptions options;  // without a recorder
};

/// @throws ConfigError for a setting that is unknown or does not fit.
CoreSetup core_setup(const WorldModel& model, const Controller::Options& options);
planner::ControlCore make_core(const WorldModel& model, const CoreSetup& setup);

/// What a record says first: {"model", "threads", "arm", "seed", "problems", "first_problem", "judge", "config"}.
nlohmann::json record_header(const WorldModel& model, const CoreSetup& setup, const std::filesystem::path& path);

/// A record_header() that was read.
struct RecordedSetup {
  CoreSetup setup;
  std::string model;  // its path; empty: not known
  int threads = 1;
};
/// @throws ConfigError, or nlohmann's errors, for what record_header() does not write.
RecordedSetup read_record_header(const nlohmann::json& header);

}  // namespace foresee
