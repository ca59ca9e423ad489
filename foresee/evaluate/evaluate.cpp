#include "foresee/evaluate.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "foresee/evaluate/cloning.h"
#include "foresee/evaluate/closed_loop.h"
#include "foresee/evaluate/evaluation_json.h"
#include "foresee/evaluate/features.h"
#include "foresee/evaluate/generalisation.h"
#include "foresee/evaluate/offline/evaluate_offline.h"
#include "foresee/evaluate/quality/evaluate_quality.h"
#include "foresee/evaluate/results.h"
#include "foresee/evaluate/surprise/surprise.h"
#include "foresee/evaluate/video.h"
#include "foresee/settings/device.h"
#include "foresee/settings/job_output.h"
#include "foresee/settings/provenance.h"
#include "foresee/settings/settings_json.h"
#include "foresee/settings/threads.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/hash.h"
#include "jepa/core/files/staged.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "jepa/model/family/family.h"
#include "planner/eval/evaluate.h"
#include "planner/eval/journal.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;
using planner::EvalConfig, planner::EvalResult;

/// @param value  of the factor that is varied; empty: none.
EvalConfig resolved_config(const EvaluateRequest& request, const std::string& value) {
  nlohmann::json object = settings_json(nlohmann::json::object(), request.options.settings);
  if (request.env) object["env"] = *request.env;
  if (request.protocol) object["protocol"] = *request.protocol;
  if (request.episodes) object["episodes"] = *request.episodes;
  if (request.methods) object["methods"] = *request.methods;
  if (request.all_baselines) object["all_baselines"] = true;
  if (request.allow_overlap) object["allow_overlap"] = true;
  if (request.data.size() > 1)
    throw RequestError("data", fmt::format("eval: protocol {} takes one file of episodes",
                                           object.value("protocol", planner::name_of(EvalConfig().protocol))));
  if (!request.data.empty()) object["data"] = request.data.front().string();
  if (!request.draw.empty()) object["draw"] = request.draw;
  if (request.vary) planner::set_factor(object["world"], factor_key(request.vary->key), value, {});
  return parse_config<EvalConfig>(object, settings_place(request.options.settings, "eval"));
}

/// Refuses members that the protocol does not use, and says where a model is not.
void check_used(const EvaluateRequest& request, const EvalConfig& config) {
  if (!request.data.empty() && config.protocol == planner::Protocol::kFar)
    throw RequestError("data", "eval: protocol far draws its starts from the environment, not from data: leave it out");
  if (!request.model.empty() && !planner::needs_model(config) && !config.all_baselines)
    log_warning("eval: none of the methods that are asked for uses the model {}", request.model.string());
}

/// Environments draw one picture and say no camera's pose.
void check_sees_environments(const WorldModel& model, const fs::path& path) {
  if (const auto& cameras = model.picture_spec().cameras; cameras.size() > 1)
    throw RequestError("model", fmt::format("{}: this model looks at {} cameras at once ({}), an environment draws one "
                                            "picture",
                                            path.string(), cameras.size(), fmt::join(cameras, ", ")));
  if (model.state_spec().extrinsics > 0)
    throw RequestError("model", fmt::format("{}: this model was trained with the camera's pose, which no environment "
                                            "says",
                                            path.string()));
}

/// The model where a method needs one and it is named.
std::unique_ptr<WorldModel> load_model(const EvaluateRequest& request, const EvalConfig& config) {
  if (request.model.empty() || !(planner::needs_model(config) || config.all_baselines)) return nullptr;
  const at::Device device = job_device(request.options.device);
  auto model = config.protocol == planner::Protocol::kSwm
                   ? planner::swm_world_model(request.model, *config.data, device, request.read)
                   : load_world_model(request.model, {.device = device, .read = request.read});
  check_sees_environments(*model, request.model);
  return model;
}

/// Where trials are kept until the results are written; nothing where nothing is written.
std::optional<planner::TrialJournal> journal_of(const std::optional<Output>& place, const EvaluateRequest& request,
                                                const std::vector<EvalConfig>& configs,
                                                const nlohmann::ordered_json& made_by) {
  if (!place) return std::nullopt;
  nlohmann::ordered_json settings = nlohmann::ordered_json::array(
      {request.options.seed, version_text(), made_by.value("model", nlohmann::ordered_json())});
  for (const EvalConfig& config : configs) settings.push_back(config_json(config));
  std::optional<planner::TrialJournal> journal(std::in_place, hidden_beside(place->path(), "trials"),
                                               fmt::format("{:016x}", hash_bytes(settings.dump())));
  if (journal->kept() > 0) log_info("eval: goes on after {} trials that were played before", journal->kept());
  return journal;
}

/// Writes the video, and what was imagined below the film strips. @returns nothing where the planner played no trial.
std::optional<EvaluationVideo> film(const EvaluateRequest& request, const VideoTask& task,
                                    const std::optional<Output>& place, Output& video) {
  TrialFilms filmed = film_trials(task);
  if (filmed.films.empty()) {
    log_warning("eval: the planner has finished no trial: there is nothing to film");
    return std::nullopt;
  }
  write_films(video.staged(), filmed.films);
  video.commit();
  if (place && request.strips > 0) add_to_strips(place->staged(), filmed);
  return EvaluationVideo{.file = video.path(),
                         .frames = task.bank.origin,
                         .threshold = task.bank.step,
                         .trials = std::move(filmed.trials)};
}

}  // namespace

EvaluateResult evaluate(const EvaluateRequest& request, const JobControl& control) {
  const JobThreads threads(request.options.threads);
  if (request.protocol == "offline") return evaluate_offline(request, control);
  if (request.protocol == "quality") return evaluate_quality(request, control);
  if (request.protocol == "features") return evaluate_features(request, control);
  if (request.protocol == "surprise") return evaluate_surprise(request, control);
  if (request.strips < 0)
    throw RequestError("strips", fmt::format("eval: expected 0 or more film strips, got {}", request.strips));
  // A folder that cannot be written is an error now, not after the episodes.
  std::optional<Output> place = claim_results(request);
  const auto values = request.vary ? request.vary->values : std::vector<std::string>{""};
  if (values.empty()) throw RequestError("vary", fmt::format("eval: expected values of {}", request.vary->key));
  std::vector<EvalConfig> configs;  // all read before the first is run: a mistake shows at once
  for (const auto& value : values) configs.push_back(resolved_config(request, value));
  check_used(request, configs.front());
  std::optional<Output> video;
  if (request.video) {
    check_video(request, configs.front());
    video.emplace(claim_film(*request.video, "video", job_output(request.options, {request.model})));
  }
  const auto model = load_model(request, configs.front());
  std::optional<FrameBank> bank;
  if (video && model) bank = frames_for(*model, request.model, request.data, control);
  // Once: it reads all weights.
  const nlohmann::ordered_json made_by = place ? provenance(model ? request.model : fs::path()) : nullptr;
  std::optional<planner::TrialJournal> journal = journal_of(place, request, configs, made_by);
  const planner::EvalParts parts{.fit_cloning = cloning_fitter(),
                                 .trained = data::TrainedEpisodes(training_set_of(model ? request.model : fs::path())),
                                 .journal = journal ? &*journal : nullptr};
  EvaluateResult result;
  TrainedFactors trained(model ? request.model : fs::path(), configs.front().trained);
  for (size_t i = 0; i < configs.size() && !result.interrupted; ++i) {
    if (journal) journal->begin(static_cast<int64_t>(i));
    const EvalResult found = planner::evaluate(configs[i], request.options.seed, model.get(), control, parts);
    Evaluation& evaluation = result.evaluations.emplace_back(evaluation_of(found));
    evaluation.value = values[i];
    if (request.vary) evaluation.place = trained.place(factor_key(request.vary->key), values[i]);
    trained.count(found, evaluation.place);
    result.generalisation = trained.generalisation();
    if (place) {
      const auto own = [&](const fs::path& folder) {
        return request.vary ? folder / fmt::format("{:02d}", i) : folder;
      };
      const auto shown = request.vary ? closed_loop_json(evaluation) : evaluation_json(request, result);
      for (const auto& file :
           planner::save_results(own(place->staged()), configs[i], found, shown, request.strips, made_by))
        evaluation.files.push_back(own(place->path()) / file);
    }
    if (bank && !found.interrupted)
      result.video = film(request, {configs[i], found, *model, *bank, request.options.seed, control}, place, *video);
    result.interrupted = found.interrupted;
  }
  const auto played = [](const Evaluation& evaluation) { return !evaluation.methods.empty(); };
  if (place && std::any_of(result.evaluations.begin(), result.evaluations.end(), played)) {
    if (request.vary)
      write_json(place->staged() / "results.json", {{"made_by", made_by},
                                                    {"result", evaluation_json(request, result)},
                                                    {"interrupted", result.interrupted},
                                                    {"files", nlohmann::ordered_json::array()}});
    place->commit();
    journal->remove();
    result.folder = place->path();
    log_info("rows and film strips: {}", place->path().string());
  }
  return result;
}

}  // namespace foresee
