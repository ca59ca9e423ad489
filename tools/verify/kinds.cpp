#include <fmt/ranges.h>

#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "tools/verify/case.h"

namespace foresee::parity {

const std::vector<std::pair<std::string, Kind>>& kinds() {
  static const std::vector<std::pair<std::string, Kind>> list = {
      {"env/two_room", verify_two_room},
      {"env/eval_starts_two_room", verify_eval_starts_two_room},
      {"env/two_room_eb_jepa", verify_two_room_eb_jepa},
      {"env/reacher", verify_reacher},
      {"env/push_t", verify_push_t},
      {"env/push_t_gym", verify_push_t_gym},
      {"env/eval_starts_push_t", verify_eval_starts_push_t},
      {"lewm/forward", verify_lewm_forward},
      {"lewm/train_step", verify_lewm_train_step},
      {"lewm/sigreg", verify_lewm_sigreg},
      {"lewm/lr_schedule", verify_lewm_lr_schedule},
      {"planner/solver_trace", verify_solver_trace},
      {"vjepa2/official_ac", verify_vjepa2_official_ac},
      {"vjepa2/ac_train_step", verify_vjepa2_ac_train_step},
      {"vjepa2/hf_base", verify_vjepa2_hf_base},
      {"vjepa2/hf_classifier", verify_vjepa2_hf_classifier},
      {"vjepa2/official_pt", verify_vjepa2_official_pt},
      {"vjepa2/official_probe", verify_vjepa2_official_probe},
      {"vjepa2/preprocess", verify_vjepa2_preprocess},
      {"vjepa2/rope", verify_vjepa2_rope},
      {"vjepa2/masks", verify_vjepa2_masks},
      {"vjepa2/schedules", verify_vjepa2_schedules},
      {"vjepa2/train_step", verify_vjepa2_train_step},
  };
  return list;
}

std::vector<Comparison> verify_case(const std::filesystem::path& folder) {
  const std::string kind = Case(folder).kind();
  std::vector<std::string> names;
  for (const auto& [name, function] : kinds()) {
    if (name == kind) return verify_case(folder, function);
    names.push_back(name);
  }
  fail<DataError>("{}: unknown kind '{}'{}", (folder / "case.json").string(), kind, suggestion(kind, names));
}

}  // namespace foresee::parity
