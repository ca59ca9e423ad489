#pragma once

#include <filesystem>

#include "jepa/core/watch/metrics.h"
#include "jepa/train/lewm/evaluation.h"
#include "jepa/train/lewm/step.h"

namespace foresee {

// Note [Rehearsal]
// A model that goes on with the episodes of a new scene forgets the old one. Two things keep it from that. A share of
// every batch comes from the old episodes. And every evaluation scores the model on held-out sequences of the old
// scene: the mean of held_out_skill_h over all h. Where that lies more than `most_fall` below the score that the model
// came with, the training goes back to the last weights that were good enough, with the optimizer's moments of then,
// and on at half the learning rate. So the weights of an evaluated checkpoint are never below the bound.

/// The old scene of a training, and the last weights that still knew it.
class Rehearsal {
 public:
  /// @param trainer  with the weights that training begins with. @param held_out  of the old scene.
  /// @throws DataError where there are no held-out sequences, so that nothing could be judged by them.
  Rehearsal(LewmTrainer& trainer, const Preprocess& preprocess, LewmHeldOut held_out, const LewmLossConfig& loss,
            uint64_t seed, double most_fall);

  /// Scores the trainer's weights, and keeps them where they are good enough. Else it puts the last good ones back.
  /// @param step  optimizer steps done. @returns whether it went back.
  bool go_back(LewmTrainer& trainer, int64_t step);
  /// Appends held_out_old_skill of the present weights, held_out_old_bound and rollbacks.
  void add_to(Metrics& metrics) const;
  /// By what the learning rate is multiplied.
  double rate() const;

  void save(const std::filesystem::path& folder) const;
  void load(const std::filesystem::path& folder);

 private:
  double skill_of(LewmTrainer& trainer) const;
  void keep(LewmTrainer& trainer, int64_t step, double skill);

  Preprocess preprocess_;
  LewmHeldOut held_out_;
  LewmLossConfig loss_;
  uint64_t seed_;
  double bound_ = 0;
  int64_t rollbacks_ = 0;
  // The last good ones: copies.
  int64_t step_ = 0;
  double skill_ = 0;
  TensorMap weights_, moments_;
};

}  // namespace foresee
