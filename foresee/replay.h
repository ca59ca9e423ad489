#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "foresee/error.h"
#include "foresee/export.h"
#include "foresee/job.h"
#include "foresee/read_options.h"
#include "foresee/settings.h"

namespace foresee {

/// A run of a Controller that is to be played again.
struct ReplayRequest {
  std::filesystem::path record{};  // file that Controller::Options::record wrote
  std::filesystem::path model{};   // another place of the model, or another one; empty: where it was
  Device device = Device::kAuto;   // where the model computes
  ReadOptions read{};              // what the model's file does not say
};

/// What came of it.
struct ReplayResult {
  std::string model{};             // that was recorded
  int64_t acts = 0;                // calls of Controller::act
  int64_t searched = 0;            // of them with searches under a deadline, run as far as they came then
  int64_t late = 0;                // searches that were late then; they are not run, and what was done instead is
  int64_t differing = 0;           // calls whose actions are not the recorded ones to the last bit, or that threw once
  double largest = 0;              // largest difference of a number of an action, the robot's units
  std::optional<int64_t> first{};  // number of the first call that differs, from 1
  bool cut = false;                // the record ends in the middle of an object, as after a crash
};

/// Plays a recorded run again: the same pictures, states and goals, the same searches, each ended where it ended then.
/// On the same machine with the same model every action is the same to the last bit; elsewhere products may round
/// otherwise. @throws RequestError without a record; DataError for a file that is none; CheckpointError, ConfigError as
/// Controller does; Interrupted.
FORESEE_API ReplayResult replay(const ReplayRequest& request, const JobControl& control = {});

}  // namespace foresee
