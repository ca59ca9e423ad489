#pragma once

#include "foresee/settings.h"
#include "planner/control/controller.h"

namespace foresee {

/// What the keys of a Controller say.
struct ControllerConfig {
  planner::ControlConfig control;
  planner::ArmCemConfig arm;
};

/// The same with the keys of an arm's model: those of its search also without "planner." before them, and "arm".
/// Defaults: upstream's planner.
struct ArmControllerConfig : ControllerConfig {
  ArmControllerConfig();
};

void describe(Fields& fields, ControllerConfig& config);
void describe(Fields& fields, ArmControllerConfig& config);

/// Reads settings. Where they do not say how many blocks of a plan are executed (planner.receding), it is one of an
/// arm, and at most the horizon of others.
/// @throws ConfigError for a key that is unknown or a value that does not fit.
ControllerConfig read_controller_config(const Settings& settings, bool arm);

}  // namespace foresee
