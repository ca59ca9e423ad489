#include "foresee/train/trainers.h"

#include <algorithm>

#include "foresee/train/jobs.h"
#include "jepa/train/action_predictor/recipe.h"
#include "jepa/train/heads/recipe.h"
#include "jepa/train/lewm/recipe.h"

namespace foresee {

bool Trainer::takes(const std::string& member) const {
  return std::find(uses.begin(), uses.end(), member) != uses.end();
}

const std::vector<Trainer>& trainers() {
  static const std::vector<Trainer> table{
      {.family = "lewm",
       .recorded_family = "lewm",
       .presets = lewm_presets(),
       .usual_preset = "lewm-s64",
       .uses = {"preset", "init", "rehearse", "episodes", "picture"},
       .later_keys = kLewmLaterKeys,
       .on_gpu = true,
       .train = train_lewm},
      {.family = "lewm_heads",
       .recorded_family = "lewm_heads",
       .uses = {"init", "episodes"},
       .later_keys = kLewmHeadsLaterKeys,
       .train = train_lewm_heads},
      {.family = "vjepa2_ac",
       .recorded_family = "vjepa2_ac",
       .presets = ac_presets(),
       .usual_preset = "vjepa2-ac",
       .uses = {"preset", "encoder", "weights", "latents", "episodes", "extrinsics", "picture"},
       .later_keys = kAcLaterKeys,
       .train = train_action_predictor},
      {.family = "probe",
       .recorded_family = "vjepa2-probe",
       .uses = {"encoder", "weights", "latents"},
       .train = train_probe},
  };
  return table;
}

}  // namespace foresee
