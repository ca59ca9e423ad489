#include "tools/cli/config_list.h"

#include "foresee/control/controller_config.h"
#include "foresee/evaluate/offline/task.h"
#include "foresee/evaluate/quality/task.h"
#include "foresee/pretrain/recipe.h"
#include "jepa/train/action_predictor/recipe.h"
#include "jepa/train/heads/recipe.h"
#include "jepa/train/lewm/recipe.h"
#include "jepa/train/probe/recipe.h"
#include "planner/env/collect.h"
#include "planner/env/env_config.h"
#include "planner/eval/evaluate.h"

namespace foresee::tools {
namespace {

/// A section whose defaults are those of `config`.
template <class T>
ConfigSection section(std::string name, std::string summary, T config) {
  return {std::move(name), std::move(summary), [config](Fields& fields) {
            T copy = config;
            describe(fields, copy);
          }};
}

}  // namespace

const std::vector<ConfigSection>& config_sections() {
  static const std::vector<ConfigSection> sections = {
      section("pretrain", "foresee pretrain, preset vjepa2-nano", pretrain_recipe("vjepa2-nano")),
      section("train", "foresee train, preset lewm", lewm_recipe("lewm")),
      section("train-s64", "foresee train, preset lewm-s64", lewm_recipe("lewm-s64")),
      section("train-heads", "foresee train --family lewm_heads", LewmHeadsRecipe{}),
      section("train-ac", "foresee train --family vjepa2_ac, preset vjepa2-ac", ac_recipe("vjepa2-ac")),
      section("train-ac-s", "foresee train --family vjepa2_ac, preset vjepa2-ac-s", ac_recipe("vjepa2-ac-s")),
      section("train-probe", "foresee train --probe", ProbeRecipe{}),
      section("plan", "foresee plan", ControllerConfig{}),
      section("plan-arm", "foresee plan with an arm's model", ArmControllerConfig{}),
      section("eval", "foresee eval", planner::EvalConfig{}),
      section("eval-offline", "foresee eval --protocol offline", OfflineConfig{}),
      section("eval-quality", "foresee eval --protocol quality", QualityConfig{}),
      section("collect", "foresee data collect", planner::CollectConfig{}),
      section("world", "factors of variation of the environments", planner::EnvConfig{}),
  };
  return sections;
}

}  // namespace foresee::tools
