#include "foresee/evaluate/surprise/surprise.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "foresee/evaluate/results.h"
#include "foresee/evaluate/surprise/judged_pairs.h"
#include "foresee/evaluate/surprise/listed_pairs.h"
#include "foresee/settings/device.h"
#include "jepa/core/error.h"
#include "jepa/core/watch/progress.h"
#include "jepa/model/family/family.h"
#include "planner/env/env.h"

namespace foresee {
namespace {

using nlohmann::ordered_json;

constexpr int64_t kUsualPairs = 200;
constexpr const char* kScenes = "scenes";

/// Refuses members that only other protocols use.
void check_surprise(const EvaluateRequest& request) {
  if (request.model.empty())
    throw RequestError("model", "eval: protocol surprise needs a world model or an encoder of video");
  refuse_unused(request, "surprise", {"env", "data", "episodes"});
  if (request.data.size() > 1)
    throw RequestError("data",
                       "eval: protocol surprise takes one list of pairs, POSSIBLE IMPOSSIBLE [KIND] in each "
                       "line");
  for (const auto& [member, given] :
       {std::pair("env", request.env.has_value()), std::pair("episodes", request.episodes.has_value())})
    if (given && !request.data.empty())
      throw RequestError(member, fmt::format("eval: the list says which pairs are shown: leave '{}' out", member));
  if (request.episodes && *request.episodes < 2)
    throw RequestError("episodes",
                       fmt::format("eval: expected 2 or more pairs of each kind, got {}", *request.episodes));
  if (request.strips < 0)
    throw RequestError("strips", fmt::format("eval: expected 0 or more film strips, got {}", request.strips));
}

/// The environment, or "scenes".
std::string environment_of(const EvaluateRequest& request) {
  const std::string env = request.env.value_or("two_room");
  if (env == kScenes) return env;
  std::vector<std::string> known;
  for (const std::string& name : planner::env_names())
    if (!planner::violations_of(name).empty()) known.push_back(name);
  if (std::find(known.begin(), known.end(), env) == known.end())
    throw RequestError("env", fmt::format("eval: protocol surprise knows no violations of '{}'; it has those of {} and "
                                          "{}",
                                          env, fmt::join(known, ", "), kScenes));
  planner::make_env(env);  // throws where its simulator is not built in
  return env;
}

/// Whoever is asked, and what it is made of.
struct AskedModel {
  std::unique_ptr<WorldModel> world;         // of a world model
  std::optional<ClipPredictor> predictor{};  // of an encoder
  planner::Witness witness{};
  std::string origin{};  // how it is asked
};

AskedModel asked_encoder(ClipPredictor predictor) {
  AskedModel out{.world = nullptr, .witness = planner::encoder_witness(predictor)};
  out.origin = fmt::format(
      "a score is the L1 error of the masked prediction of the later half of {} pictures, {} pictures further each",
      predictor.frames, predictor.tubelet);
  out.predictor = std::move(predictor);
  return out;
}

/// @param shown  the environment, or "scenes"; empty: a list.
AskedModel asked_world_model(const EvaluateRequest& request, const std::string& shown, const Family& family,
                             const WorldModelOptions& options) {
  if (!request.data.empty() || shown == kScenes)
    throw RequestError(
        request.data.empty() ? "env" : "data",
        fmt::format("{}: a world model of family '{}' predicts from actions, which {} do not have; they are shown to "
                    "encoders of video",
                    request.model.string(), family.name, request.data.empty() ? "scenes" : "listed clips"));
  AskedModel out{.world = family.make_world_model(request.model, options)};
  const StateSpec state = out.world->state_spec();
  if (state.kind != StateSpec::Kind::kNone || state.extrinsics > 0 || out.world->picture_spec().cameras.size() > 1)
    throw RequestError("model", fmt::format("{}: this model takes the robot's state or several cameras; protocol "
                                            "surprise shows one picture and nothing else",
                                            request.model.string()));
  const int64_t size = planner::make_env(shown)->action_spec().size;
  if (out.world->action_spec().size != size)
    throw RequestError("model", fmt::format("{}: this model takes actions of {} numbers, those of {} have {}",
                                            request.model.string(), out.world->action_spec().size, shown, size));
  out.witness = planner::world_model_witness(*out.world);
  out.origin = "a score is the mean square error of the prediction of the next picture's latent";
  return out;
}

AskedModel asked_model(const EvaluateRequest& request, const std::string& shown) {
  const at::Device device = job_device(request.options.device);
  const Family& family = family_of(request.model);
  if (family.make_clip_predictor)
    return asked_encoder(family.make_clip_predictor({.path = request.model, .read = request.read}, device));
  if (!family.make_world_model)
    throw RequestError("model",
                       fmt::format("{}: a model of family '{}' predicts nothing", request.model.string(), family.name));
  return asked_world_model(request, shown, family, {.device = device, .read = request.read});
}

/// Remarks on what the numbers do not show.
void remark(SurpriseEvaluation& result) {
  for (const auto& kind : result.kinds) {
    if (kind.model.low <= 0.5 && kind.model.high >= 0.5)
      result.remarks.push_back(fmt::format("{}: the model is at chance, its interval holds 50 %", kind.kind));
    if (kind.model.high < 0.5)
      result.remarks.push_back(
          fmt::format("{}: the model is less surprised by the violation than by the episode "
                      "without it",
                      kind.kind));
    for (const auto& [name, baseline] :
         {std::pair("pixel difference", kind.pixels), std::pair("latent change", kind.latent_change)})
      if (kind.model.low <= baseline.high && kind.model.low > 0.5)
        result.remarks.push_back(fmt::format("{}: plain {} is not clearly worse than the model", kind.kind, name));
  }
  if (result.env.empty()) return;
  for (const auto& [kind, name] : planner::kViolationNames)
    if (std::none_of(result.kinds.begin(), result.kinds.end(), [&](const auto& found) { return found.kind == name; }))
      result.remarks.push_back(
          fmt::format("{} has no meaning in {} or cannot be drawn, and is left out", name, result.env));
}

/// What is shown.
std::vector<PairSet> pair_sets(const EvaluateRequest& request, const AskedModel& asked, SurpriseEvaluation& result) {
  if (!request.data.empty()) {
    result.origin = fmt::format("pairs of {}", request.data.front().string());
    return listed_pairs(request.data.front(), asked.predictor->pictures, asked.witness);
  }
  const int64_t count = request.episodes.value_or(kUsualPairs);
  const planner::PairTiming& timing = asked.witness.timing;
  if (result.env == kScenes) {
    result.origin = fmt::format("generated scenes of {} pictures", timing.pictures);
    return scene_pairs(asked.witness, count, result.seed);
  }
  result.origin = fmt::format("{}, {} pictures, {} environment steps apart", result.env, timing.pictures, timing.block);
  return environment_pairs(result.env, asked.witness, count, result.seed);
}

/// @param asked, judged  get the model and every pair.
SurpriseEvaluation evaluated_surprise(const EvaluateRequest& request, const JobControl& control, AskedModel& asked,
                                      std::vector<JudgedPairs>& judged) {
  SurpriseEvaluation result{.env = request.data.empty() ? environment_of(request) : std::string(),
                            .seed = request.options.seed};
  asked = asked_model(request, result.env);
  const std::vector<PairSet> sets = pair_sets(request, asked, result);
  result.origin += "; " + asked.origin;
  Progress progress(control, "surprise", std::ssize(sets), "kinds");
  for (const PairSet& set : sets) {
    const Random coins(result.seed, Stream::kBaseline, set.coins);
    judged.push_back({set, planner::score_violations(asked.witness, set.pair, set.count, coins, control)});
    progress.update(std::ssize(judged));
  }
  progress.finish();
  result.kinds = kinds_of(judged);
  remark(result);
  return result;
}

ordered_json accuracy_json(const PairAccuracy& rate) {
  return {{"accuracy", rate.accuracy}, {"low", rate.low}, {"high", rate.high}, {"n", rate.n}};
}

ordered_json kind_json(const SurpriseEvaluation::Kind& kind) {
  ordered_json out = accuracy_json(kind.model);
  out["pixels"] = accuracy_json(kind.pixels);
  out["latent_change"] = accuracy_json(kind.latent_change);
  for (const auto& [distance, rate] : kind.distances)
    out["distances"][fmt::format("{}", distance)] = accuracy_json(rate);
  for (const auto& point : kind.curve) {
    out["curve"]["offset"].push_back(point.offset);
    out["curve"]["changed"].push_back(point.changed);
    out["curve"]["unchanged"].push_back(point.unchanged);
  }
  return out;
}

}  // namespace

ordered_json surprise_json(const EvaluateRequest& request, const SurpriseEvaluation& result) {
  ordered_json kinds = ordered_json::object();
  for (const auto& kind : result.kinds) kinds[kind.kind] = kind_json(kind);
  ordered_json out;
  if (result.env.empty())
    out["data"] = request.data.front().string();
  else
    out["env"] = result.env;
  out.update({{"protocol", "surprise"},
              {"model", request.model.string()},
              {"seed", result.seed},
              {"shown", result.origin},
              {"surprise", kinds},
              {"remarks", result.remarks}});
  return out;
}

EvaluateResult evaluate_surprise(const EvaluateRequest& request, const JobControl& control) {
  check_surprise(request);
  AskedModel asked;
  std::vector<JudgedPairs> judged;
  return evaluated_once(
      request, [&] { return EvaluateResult{.surprise = evaluated_surprise(request, control, asked, judged)}; },
      [&](const std::filesystem::path& folder, ordered_json& results) {
        results["pairs"] = pairs_json(judged);
        for (const auto& file : write_pair_strips(folder, judged, asked.witness, request.strips))
          results["files"].push_back(file.string());
      });
}

}  // namespace foresee
