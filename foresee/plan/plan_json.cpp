#include "foresee/plan/plan_json.h"

#include <nlohmann/json.hpp>
#include <string_view>

namespace foresee {
namespace {

nlohmann::ordered_json json_of(const Spread& spread) {
  return {{"p5", spread.low}, {"p50", spread.middle}, {"p95", spread.high}};
}

nlohmann::ordered_json json_of(const PlanScale& scale) {
  return {{"sequences", scale.sequences},
          {"recorded_cost", json_of(scale.recorded)},
          {"cost_of_nothing", json_of(scale.nothing)},
          {"share_below_plan", scale.share_below_plan},
          {"distances", json_of(scale.distances)},
          {"goal_distance", scale.goal_distance},
          {"goal_is_strange", scale.goal_is_strange},
          {"present_distance", scale.present_distance},
          {"present_is_strange", scale.present_is_strange}};
}

nlohmann::ordered_json json_of(const PlanImagination& film) {
  return {{"file", film.file.string()},
          {"frames", film.frames},
          {"distances", film.distances},
          {"present_distance", film.present_distance},
          {"goal_distance", film.goal_distance},
          {"step", film.step},
          {"decoder", film.decoder}};
}

std::string_view word_of(Controller::Stopped stopped) {
  switch (stopped) {
    case Controller::Stopped::kNotSearched:
      return "not_searched";
    case Controller::Stopped::kFinished:
      return "iterations";
    case Controller::Stopped::kConverged:
      return "converged";
    case Controller::Stopped::kDeadline:
      return "deadline";
  }
  return "";
}

}  // namespace

nlohmann::ordered_json to_json(const PlanResult& result) {
  const Controller::PlannedActions& plan = result.plan;
  nlohmann::ordered_json json{{"actions", plan.actions},
                              {"action_block", plan.block},
                              {"cost", plan.cost},
                              {"trace", plan.trace},
                              {"not_finite", plan.not_finite},
                              {"iterations", plan.iterations},
                              {"stopped", word_of(plan.stopped)},
                              {"elapsed_ms", result.elapsed_ms}};
  if (!plan.states.empty()) json["states"] = plan.states;
  if (plan.cost_of_nothing) json["cost_of_nothing"] = *plan.cost_of_nothing;
  if (plan.cost_at_goal) json["cost_at_goal"] = *plan.cost_at_goal;
  if (plan.violation) json["violation"] = *plan.violation;
  if (result.scale) json["data"] = json_of(*result.scale);
  if (result.imagination) json["imagined"] = json_of(*result.imagination);
  return json;
}

}  // namespace foresee
