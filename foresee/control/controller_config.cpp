#include "foresee/control/controller_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "foresee/settings/settings_json.h"
#include "jepa/core/config.h"

namespace foresee {

ArmControllerConfig::ArmControllerConfig() {
  control.planner.planner.search = planner::arm_search();
  control.planner.receding = 1;
}

void describe(Fields& f, ControllerConfig& c) { describe(f, c.control); }

void describe(Fields& f, ArmControllerConfig& c) {
  describe(f, c.control.planner.planner.search);
  f("arm", c.arm, "the arm's search; init_std is not used");
  describe(f, c.control);
}

ControllerConfig read_controller_config(const Settings& settings, bool arm) {
  const nlohmann::json object = settings_json(nlohmann::json::object(), settings);
  const std::string place = settings_place(settings, "plan");
  if (arm) return parse_config(object, place, ArmControllerConfig());
  ControllerConfig defaults;
  const int64_t usual = std::exchange(defaults.control.planner.receding, 1);
  ControllerConfig config = parse_config(object, place, defaults);
  const auto planner = object.find("planner");
  if (planner == object.end() || !planner->contains("receding"))
    config.control.planner.receding = std::min(usual, config.control.planner.planner.search.horizon);
  return config;
}

}  // namespace foresee
