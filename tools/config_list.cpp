#include "tools/config_list.h"

#include "jepa/train/lewm_recipe.h"
#include "planner/env/collect.h"
#include "planner/env/two_room.h"
#include "planner/eval/evaluate.h"
#include "tools/pretrain_run.h"

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
      section("eval", "foresee eval", planner::EvalConfig{}),
      section("collect", "foresee data collect", planner::CollectConfig{}),
      section("two_room", "factors of variation of the Two-Room environment", planner::TwoRoomConfig{}),
  };
  return sections;
}

}  // namespace foresee::tools
