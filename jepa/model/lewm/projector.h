#pragma once

#include <string>

#include "jepa/nn/affine.h"

namespace foresee {

/// Linear - BatchNorm1d - GELU - Linear, tensor names as stable_worldmodel.wm.lewm.module.MLP ("net.0" .. "net.3").
/// BatchNorm lets the embedding take the shape that SIGReg asks for, against the ViT's last LayerNorm.
class Projector {
 public:
  Projector(torch::nn::Module& module, const std::string& path, int64_t in, int64_t hidden, int64_t out);

  /// @param x  float [N, in]. @param training  batch statistics, and the running ones move (momentum 0.1; see
  /// AverageStatistics); else the running statistics. @returns float [N, out].
  Tensor forward(const Tensor& x, bool training) const;

  /// The first layer with the running statistics folded into it: what inference needs of `input` and `norm`.
  Affine folded_input() const;

  Affine input, norm, output;
  Tensor running_mean, running_var, batches;  // buffers; batches counts the training passes

 private:
  friend class AverageStatistics;
  bool averaging_ = false;
};

/// While it lives, the running statistics are the plain average over the training passes since it began (torch.nn's
/// momentum=None), not a moving one. Those passes are not counted.
class AverageStatistics {
 public:
  explicit AverageStatistics(Projector& projector);
  ~AverageStatistics();
  AverageStatistics(const AverageStatistics&) = delete;
  AverageStatistics& operator=(const AverageStatistics&) = delete;

 private:
  Projector& projector_;
  Tensor batches_;
};

}  // namespace foresee
