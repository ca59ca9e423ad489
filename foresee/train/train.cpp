#include "foresee/train.h"

#include <ATen/Context.h>

#include <nlohmann/json.hpp>

#include "foresee/settings/agree.h"
#include "foresee/settings/interrupted_run.h"
#include "foresee/settings/job_output.h"
#include "foresee/settings/run_request.h"
#include "foresee/settings/settings_json.h"
#include "foresee/settings/threads.h"
#include "foresee/train/moved_episodes.h"
#include "foresee/train/trainers.h"
#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/log.h"
#include "jepa/core/names.h"
#include "jepa/core/picture_rule.h"
#include "jepa/io/checkpoint.h"
#include "jepa/train/run_folder.h"

namespace foresee {
namespace {

struct Member {
  const char* name;     // as in the request
  const char* trainer;  // as in Trainer::uses
  bool given;
};

std::vector<Member> members_of(const TrainRequest& request) {
  const ReadOptions& weights = request.weights;
  return {{"preset", "preset", !request.preset.empty()},
          {"init", "init", !request.init.empty()},
          {"rehearse", "rehearse", !request.rehearse.empty()},
          {"encoder", "encoder", !request.encoder.empty()},
          {"camera", "episodes", !request.camera.empty()},
          {"tolerance_s", "episodes", request.tolerance_s.has_value()},
          {"strict", "episodes", request.strict},
          {"allow", "episodes", !request.allow.empty()},
          {"hold_out", "episodes", !request.hold_out.empty()},
          {"picture", "picture", request.picture.has_value()},
          {"latents", "latents", !request.latents.empty()},
          {"weights", "weights", weights.weights != EncoderKey::kDefault},
          {"heads", "weights", weights.heads.has_value()},
          {"predictor_heads", "weights", weights.predictor_heads.has_value()},
          {"action_heads", "weights", weights.action_heads.has_value()},
          {"probe_heads", "weights", weights.probe_heads.has_value()},
          {"image_size", "weights", weights.image_size.has_value()},
          {"frames", "weights", weights.frames.has_value()},
          {"classifier", "weights", weights.classifier != 0},
          {"use_extrinsics", "extrinsics", weights.use_extrinsics}};
}

void check_members(const Trainer& trainer, const TrainRequest& request) {
  for (const Member& member : members_of(request))
    if (member.given && !trainer.takes(member.trainer))
      throw RequestError(member.name,
                         fmt::format("'{}' is trained without '{}': leave it out", trainer.family, member.name));
  if (request.weights.allow_nan && !trainer.takes("weights") && !trainer.takes("init"))
    throw RequestError("allow_nan",
                       fmt::format("'{}' reads no trained weights: leave 'allow_nan' out", trainer.family));
  if (request.options.device == Device::kCuda && !trainer.on_gpu)
    throw RequestError("device", fmt::format("'{}' trains on the CPU; it cannot use a GPU yet", trainer.family));
  check_run_request(request.options, request.out, request.steps, request.checkpoint_every);
}

/// The settings with what the request says of the same keys.
nlohmann::json agreed_settings(const Trainer& trainer, const TrainRequest& request) {
  nlohmann::json settings = settings_json(earlier_settings(request.out, trainer.later_keys), request.options.settings);
  const auto text = [&](const char* key, const std::string& asked) {
    if (trainer.takes(key) && !asked.empty()) agree(settings, key, asked, key);
  };
  agree(settings, "family", trainer.recorded_family, "family");
  text("preset", request.preset);
  text("init", request.init.string());
  text("encoder", request.encoder.string());
  if (trainer.takes("episodes")) {
    nlohmann::json episodes = settings.value("episodes", nlohmann::json::object());
    if (!request.camera.empty()) agree(episodes, "camera", request.camera, "camera");
    if (request.tolerance_s) agree(episodes, "tolerance_s", *request.tolerance_s, "tolerance_s");
    if (request.strict) agree(episodes, "strict", true, "strict");
    if (!request.allow.empty()) agree(episodes, "allow", request.allow, "allow");
    if (!request.hold_out.empty()) agree(episodes, "hold_out", request.hold_out, "hold_out");
    if (!episodes.empty()) settings["episodes"] = episodes;
  }
  if (trainer.takes("rehearse") && !request.rehearse.empty()) {
    nlohmann::json rehearsal = settings.value("rehearsal", nlohmann::json::object());
    agree(rehearsal, "data", std::vector<std::string>(request.rehearse.begin(), request.rehearse.end()), "rehearse");
    settings["rehearsal"] = rehearsal;
  }
  if (trainer.takes("picture") && request.picture)
    text("picture", std::string(name_of(kPictureRuleNames, *request.picture)));
  if (trainer.takes("extrinsics") && request.weights.use_extrinsics) {
    nlohmann::json predictor = settings.value("predictor", nlohmann::json::object());
    agree(predictor, "use_extrinsics", true, "use_extrinsics");
    settings["predictor"] = predictor;
  }
  if (request.options.seed != 0) agree(settings, "seed", request.options.seed, "seed");
  const std::vector<std::string> data(request.data.begin(), request.data.end());
  if (!data.empty()) agree(settings, "data", data, "data");
  return settings;
}

RunOrigin origin_of(const Trainer& trainer, const nlohmann::json& settings, const std::string& place) {
  RunOrigin origin{.family = trainer.recorded_family};
  if (trainer.takes("preset")) origin.preset = trainer.usual_preset;
  if (trainer.takes("encoder")) origin.encoder = origin.encoder_weights = "";
  return read_origin(settings, place, origin);
}

}  // namespace

TrainResult train_with(const Trainer& trainer, const TrainRequest& request, const JobControl& control) {
  check_members(trainer, request);
  nlohmann::json settings = agreed_settings(trainer, request);
  TrainJob job{.request = request,
               .control = control,
               .device = trainer.on_gpu ? job_device(request.options.device) : at::Device(at::kCPU),
               .settings = settings,
               .origin = origin_of(trainer, settings, settings_place(request.options.settings, "train"))};
  job.data.assign(job.origin.data.begin(), job.origin.data.end());
  if (trainer.takes("episodes") && !job.data.empty())
    settings["data"] = job.origin.data = data_in_run(request.out, job.data);
  if (!trainer.on_gpu && request.options.device == Device::kAuto && at::hasCUDA())
    log_info("'{}' trains on the CPU; it cannot use a GPU yet", trainer.family);
  std::vector<std::filesystem::path> sets = request.data;
  sets.insert(sets.end(), request.rehearse.begin(), request.rehearse.end());
  check_run_place(request.out, job_output(request.options, {request.init, request.encoder}, sets));
  const JobThreads threads(request.options.threads);
  try {
    return trainer.train(job);
  } catch (const Interrupted& interrupted) {
    return interrupted_run<TrainResult>(request.out, interrupted);
  }
}

TrainResult train(const TrainRequest& request, const JobControl& control) {
  std::vector<std::string> names;
  for (const Trainer& trainer : trainers()) {
    if (trainer.family == request.family) return train_with(trainer, request, control);
    names.push_back(trainer.family);
  }
  throw RequestError("family", fmt::format("family '{}' cannot be trained with actions or labels{}", request.family,
                                           suggestion(request.family, names)));
}

}  // namespace foresee
