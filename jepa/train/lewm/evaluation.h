#pragma once

#include <optional>
#include <string>
#include <vector>

#include "jepa/core/api/job.h"
#include "jepa/core/watch/metrics.h"
#include "jepa/model/lewm/loss.h"

namespace foresee {

/// Sequences that training never saw, and frames that probes are fitted on.
struct LewmHeldOut {
  Tensor frames;           // uint8 [E, T, 3, H, W]; frames lie one action block apart; undefined: no evaluation
  Tensor actions;          // float [E, T, action_block], normalised, NaN -> 0; block t leaves frame t
  Tensor state;            // float [E, T, S], what a probe should find in the embedding; may be undefined
  Tensor proprio{};        // float [E, T, proprioception] where the model takes it
  Tensor probe_frames{};   // uint8 [P, 3, H, W], of training episodes; undefined: half of the sequences fit the probes
  Tensor probe_state{};    // float [P, S]
  Tensor probe_proprio{};  // float [P, proprioception] where the model takes it
  std::vector<std::string> factors{};  // a name for each number of the state; empty: "0", "1", ...
};

/// What the present weights are worth on held-out sequences, without changing them.
/// - prediction_loss, sigreg: the two losses, with running BatchNorm statistics (Note [Statistics of BatchNorm]) and
/// fixed directions;
/// - skill_h: 1 - |prediction - truth|^2 / |last seen - truth|^2 after h blocks of roll-out from a full history
///   (1 perfect, 0 as good as predicting that nothing changes), and rollout_error_h, the mean square error itself;
/// - effective_rank of the embeddings, and mean_std, their standard deviation (collapse: 1, and 0);
/// - probe_linear_r_FACTOR, probe_linear_mse_FACTOR, and the same of probe_mlp: see latent_probe.h;
/// - probe_r: the linear correlations' mean.
/// Probes leave out rows whose state is not known. A number of the state that never changes has no scores.
/// Names begin with "held_out_". Empty where there are no sequences.
/// @param control  sees how far the pictures and the probe are. @throws Interrupted when stopped.
Metrics evaluate_lewm(Lewm& model, const Preprocess& preprocess, const LewmHeldOut& data, const LewmLossConfig& loss,
                      uint64_t seed, const JobControl& control = {});

/// One line that says so, with numbers, when embeddings have (nearly) collapsed: an effective rank below a twentieth of
/// their width (at least 2), or a standard deviation below 0.1, where SIGReg asks for 1. Else nothing.
/// @param metrics  of evaluate_lewm. @param sequences  held out: few may look alike without a collapse, which the line
/// then says.
std::optional<std::string> collapse_warning(const Metrics& metrics, int64_t width, int64_t sequences);

}  // namespace foresee
