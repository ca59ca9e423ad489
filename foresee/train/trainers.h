#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "foresee/settings/device.h"
#include "foresee/train.h"
#include "jepa/train/later_keys.h"
#include "jepa/train/run_record.h"

namespace foresee {

/// A request that was held against its trainer's row.
struct TrainJob {
  const TrainRequest& request;
  const JobControl& control;
  at::Device device;
  const nlohmann::json& settings;             // with what the request says of the same keys
  RunOrigin origin;                           // as the settings say it; encoder and its fingerprint may be empty
  std::vector<std::filesystem::path> data{};  // where origin.data lie now: a run's data may have been moved
};

/// One row of the table: a thing that can be trained.
struct Trainer {
  std::string family;                // as TrainRequest::family names it
  std::string recorded_family;       // as run folders name it
  std::vector<std::string> presets;  // none: only one recipe
  std::string usual_preset;          // where the request names none
  std::vector<std::string> uses;     // members of the request, beside data, steps, checkpoint_every, options and out
  LaterKeys later_keys{};            // of its run folders
  bool on_gpu = false;               // whether it can compute on one
  TrainResult (*train)(const TrainJob& job) = nullptr;

  bool takes(const std::string& member) const;
};

/// Everything that can be trained. A new family is one function and one row.
const std::vector<Trainer>& trainers();

/// Trains by a row of any table. @throws as train(), which does it by the row that is named like the request's family.
TrainResult train_with(const Trainer& trainer, const TrainRequest& request, const JobControl& control);

}  // namespace foresee
