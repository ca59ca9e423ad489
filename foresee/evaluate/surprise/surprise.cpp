#include "foresee/evaluate/surprise/surprise.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "foresee/evaluate/results.h"
#include "foresee/settings/device.h"
#include "jepa/core/error.h"
#include "jepa/core/watch/progress.h"
#include "jepa/model/family/family.h"
#include "planner/env/env.h"
#include "planner/eval/surprise/scores.h"

namespace foresee {
namespace {

using nlohmann::ordered_json;
using planner::Violation, planner::ViolationScores, planner::ViolationSpec;

constexpr int64_t kUsualPairs = 200;
constexpr double kDistances_px[] = {20, 40, 80};

/// Refuses members that only other protocols use.
void check_surprise(const EvaluateRequest& request) {
  if (request.model.empty()) throw RequestError("model", "eval: protocol surprise needs a world model");
  refuse_unused(request, "surprise", {"env", "episodes"});
  if (request.episodes && *request.episodes < 2)
    throw RequestError("episodes",
                       fmt::format("eval: expected 2 or more pairs of each kind, got {}", *request.episodes));
}

std::string environment_of(const EvaluateRequest& request) {
  const std::string env = request.env.value_or("two_room");
  planner::make_env(env);  // throws for a name that is not known
  if (planner::violations_of(env).empty())
    throw RequestError("env", fmt::format("eval: protocol surprise knows no violations of '{}'; it has those of "
                                          "two_room and push_t",
                                          env));
  return env;
}

std::unique_ptr<WorldModel> model_for(const EvaluateRequest& request, const std::string& env) {
  auto model = load_world_model(request.model, {.device = job_device(request.options.device), .read = request.read});
  const StateSpec state = model->state_spec();
  if (state.kind != StateSpec::Kind::kNone || state.extrinsics > 0 || model->picture_spec().cameras.size() > 1)
    throw RequestError("model", fmt::format("{}: this model takes the robot's state or several cameras; protocol "
                                            "surprise shows one picture and nothing else",
                                            request.model.string()));
  const int64_t size = planner::make_env(env)->action_spec().size;
  if (model->action_spec().size != size)
    throw RequestError("model", fmt::format("{}: this model takes actions of {} numbers, those of {} have {}",
                                            request.model.string(), model->action_spec().size, env, size));
  return model;
}

PairAccuracy accuracy_of(const SuccessRate& rate) { return {rate.rate, rate.low, rate.high, rate.n}; }

PairAccuracy pooled(const std::vector<PairAccuracy>& parts) {
  int64_t right = 0, n = 0;
  for (const auto& part : parts) {
    right += static_cast<int64_t>(part.accuracy * static_cast<double>(part.n) + 0.5);
    n += part.n;
  }
  return accuracy_of(success_rate(right, n));
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
  for (const auto& [kind, name] : planner::kViolationNames) {
    const auto known = planner::violations_of(result.env);
    if (std::find(known.begin(), known.end(), kind) == known.end())
      result.remarks.push_back(fmt::format("{} has no meaning in {} and is left out", name, result.env));
  }
}

SurpriseEvaluation::Kind evaluated_kind(const WorldModel& model, const std::string& env, Violation kind,
                                        const std::string& name, int64_t pairs, uint64_t seed,
                                        const JobControl& control) {
  std::vector<double> distances{0};
  if (kind == Violation::kTeleport) distances.assign(std::begin(kDistances_px), std::end(kDistances_px));
  SurpriseEvaluation::Kind out{.kind = name};
  std::vector<PairAccuracy> parts, latent, pixels;
  for (const double distance : distances) {
    const ViolationScores scores =
        planner::score_violations(model, env, {.kind = kind, .distance_px = distance}, pairs, seed, control);
    parts.push_back(accuracy_of(scores.rates.surprise));
    latent.push_back(accuracy_of(scores.rates.latent_change));
    pixels.push_back(accuracy_of(scores.rates.pixels));
    if (kind == Violation::kTeleport) out.distances.emplace_back(distance, parts.back());
    const auto& curve = scores.curve;
    out.curve.resize(curve.offsets.size());
    for (size_t i = 0; i < curve.offsets.size(); ++i) {
      const auto share = static_cast<double>(distances.size());
      out.curve[i].offset = curve.offsets[i];
      out.curve[i].changed += curve.changed[i] / share;
      out.curve[i].unchanged += curve.unchanged[i] / share;
    }
  }
  out.model = pooled(parts);
  out.latent_change = pooled(latent);
  out.pixels = pooled(pixels);
  return out;
}

SurpriseEvaluation evaluated_surprise(const EvaluateRequest& request, const JobControl& control) {
  SurpriseEvaluation result{.env = environment_of(request), .seed = request.options.seed};
  const auto model = model_for(request, result.env);
  const auto kinds = planner::violations_of(result.env);
  Progress progress(control, "surprise", static_cast<int64_t>(kinds.size()), "kinds");
  for (const auto& [kind, name] : planner::kViolationNames) {
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) continue;
    result.kinds.push_back(evaluated_kind(*model, result.env, kind, std::string(name),
                                          request.episodes.value_or(kUsualPairs), result.seed, control));
    progress.update(static_cast<int64_t>(result.kinds.size()));
  }
  progress.finish();
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
  return {{"env", result.env},   {"protocol", "surprise"}, {"model", request.model.string()},
          {"seed", result.seed}, {"surprise", kinds},      {"remarks", result.remarks}};
}

EvaluateResult evaluate_surprise(const EvaluateRequest& request, const JobControl& control) {
  check_surprise(request);
  return evaluated_once(request, [&] { return EvaluateResult{.surprise = evaluated_surprise(request, control)}; });
}

}  // namespace foresee
