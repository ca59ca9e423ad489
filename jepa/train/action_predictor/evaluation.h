#pragma once

#include "jepa/core/watch/metrics.h"
#include "jepa/train/action_predictor/step.h"

namespace foresee {

/// Sequences that training never saw: E of them, of T frames.
struct AcHeldOut {
  AcBatch clips;       // undefined features: no evaluation
  Tensor first_state;  // double [E, S], the environment's units: where a roll-out's states begin
};

/// What the present predictor is worth on held-out sequences, without changing it. Roll-outs start from the first frame
/// alone, see the executed actions, and integrate the robot's state themselves, as in planning.
/// - teacher_loss: mean |z - h| of the next frame, with the true frames before;
/// - error_h: mean |prediction - truth| after h frames of roll-out;
/// - skill_h: 1 - error_h / mean |first frame - truth| (0: as good as predicting that nothing changes; 1: perfect);
/// - action_gain_h: 1 - error_h / the error of a roll-out with the next sequence's actions (0: actions do not matter).
/// Names begin with "held_out_". Empty where there are no sequences.
Metrics evaluate_ac(const Vjepa2Ac& model, const ActionSpec& actions, const FrameGrid& grid, const AcHeldOut& data);

}  // namespace foresee
