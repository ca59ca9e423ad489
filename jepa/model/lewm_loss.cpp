#include "jepa/model/lewm_loss.h"

#include <torch/torch.h>

#include "jepa/core/error.h"
#include "jepa/loss/sigreg.h"

namespace foresee {

void describe(Fields& f, LewmLossConfig& c) {
  f("sigreg_weight", c.sigreg_weight, "weight of SIGReg beside the prediction loss", {0});
  f("knots", c.knots, "quadrature knots of SIGReg", {2, 64});
  f("projections", c.projections, "random directions of SIGReg a step; multiples of 16 are fast", {1});
}

LewmLosses lewm_losses(const Lewm& model, const Preprocess& preprocess, const Tensor& frames, const Tensor& actions,
                       const Tensor& directions, const LewmLossConfig& config, Dropout* dropout) {
  FORESEE_CHECK(frames.dim() == 5 && frames.size(1) >= 2 && actions.dim() == 3 && actions.size(0) == frames.size(0) &&
                    actions.size(1) == frames.size(1),
                "expected frames [B, T >= 2, 3, H, W] and actions [B, T, D], got {} and {}", describe(frames),
                describe(actions));
  const int64_t batch = frames.size(0), history = frames.size(1) - 1;
  LewmLosses losses;
  losses.embeddings = model->embed(frames.flatten(0, 1), preprocess).view({batch, history + 1, -1});
  losses.predictions = model->predict(losses.embeddings.slice(1, 0, history),
                                      model->embed_actions(actions.slice(1, 0, history)), dropout);
  losses.prediction = (losses.predictions - losses.embeddings.slice(1, 1)).square().mean();
  losses.sigreg = sigreg(losses.embeddings.transpose(0, 1), directions, config.knots);
  losses.total = losses.prediction + losses.sigreg * config.sigreg_weight;
  return losses;
}

}  // namespace foresee
