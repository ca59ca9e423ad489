#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee {

/// Parameters that share a weight decay.
struct ParameterGroup {
  std::vector<std::pair<std::string, Tensor>> parameters;  // by name; names are unique over all groups
  double weight_decay = 0.0;
};

/// AdamW (Loshchilov & Hutter 2019), numerically as torch.optim.AdamW, on LibTorch's fused kernel.
/// A parameter without a gradient (undefined grad) is skipped: no decay, no state, as in PyTorch.
class AdamW {
 public:
  struct Options {
    double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  };
  explicit AdamW(std::vector<ParameterGroup> groups) : AdamW(std::move(groups), Options()) {}
  AdamW(std::vector<ParameterGroup> groups, Options options);

  std::vector<ParameterGroup>& groups() { return groups_; }
  /// One update with this learning rate; reads .grad() of every parameter.
  void step(double learning_rate);
  void zero_grad();  // sets gradients to undefined
  /// Moments and step counts: "NAME.exp_avg", "NAME.exp_avg_sq", "NAME.step".
  TensorMap state() const;
  void load_state(const TensorMap& state);

 private:
  struct Moments {
    Tensor exp_avg, exp_avg_sq, step;
  };
  std::vector<ParameterGroup> groups_;
  std::vector<std::vector<Moments>> moments_;
  Options options_;
};

/// Scales gradients so that their global L2 norm is at most `max_norm` (torch.nn.utils.clip_grad_norm_).
/// @returns the norm before. max_norm <= 0: only measures.
double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm);

}  // namespace foresee
