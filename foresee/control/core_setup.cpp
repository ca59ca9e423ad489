#include "foresee/control/core_setup.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "jepa/core/config.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

bool is_arm(const WorldModel& model) { return model.state_spec().kind == StateSpec::Kind::kArmPose; }

}  // namespace

CoreSetup core_setup(const WorldModel& model, const Controller::Options& options) {
  CoreSetup setup{.config = read_controller_config(options.settings, is_arm(model)), .options = {}};
  planner::ControlOptions& core = setup.options;
  core.arm = setup.config.arm;
  core.seed = options.seed;
  core.problems = options.problems;
  core.first = options.first_problem;
  core.job = options.job;
  core.judge = core.imagine = options.judge;
  return setup;
}

planner::ControlCore make_core(const WorldModel& model, const CoreSetup& setup) {
  return planner::ControlCore(model, setup.config.control, setup.options);
}

nlohmann::json record_header(const WorldModel& model, const CoreSetup& setup, const std::filesystem::path& path) {
  const bool arm = is_arm(model);
  ArmControllerConfig of_arm;
  static_cast<ControllerConfig&>(of_arm) = setup.config;
  return {{"model", path.empty() ? std::string() : std::filesystem::absolute(path).string()},
          {"threads", at::get_num_threads()},
          {"arm", arm},
          {"seed", setup.options.seed},
          {"problems", setup.options.problems},
          {"first_problem", setup.options.first},
          {"judge", setup.options.judge},
          {"config", nlohmann::json(arm ? config_json(of_arm) : config_json(setup.config))}};
}

RecordedSetup read_record_header(const nlohmann::json& header) {
  RecordedSetup out;
  header.at("model").get_to(out.model);
  out.threads = std::clamp(header.at("threads").get<int>(), 1, 1024);
  planner::ControlOptions& core = out.setup.options;
  header.at("seed").get_to(core.seed);
  core.problems = std::clamp<int64_t>(header.at("problems").get<int64_t>(), 1, 1 << 20);
  header.at("first_problem").get_to(core.first);
  core.judge = core.imagine = header.at("judge").get<bool>();
  const nlohmann::json& config = header.at("config");
  if (header.at("arm").get<bool>())
    out.setup.config = parse_config(config, "record", ArmControllerConfig());
  else
    out.setup.config = parse_config(config, "record", ControllerConfig());
  core.arm = out.setup.config.arm;
  return out;
}

}  // namespace foresee
