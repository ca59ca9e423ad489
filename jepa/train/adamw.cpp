#include "jepa/train/adamw.h"

#include <fmt/ranges.h>

#include <set>
#include <utility>

#include "jepa/core/error.h"
#include "jepa/core/text/name_list.h"

namespace foresee {
namespace {

/// Tensors of one device and dtype, as the fused kernel wants them.
struct Bucket {
  std::vector<Tensor> parameters, gradients, exp_avg, exp_avg_sq, steps;
};

/// The gradient with the parameter's strides: the kernel walks both as flat arrays.
Tensor laid_out_as(const Tensor& gradient, const Tensor& parameter) {
  if (gradient.strides() == parameter.strides() && gradient.scalar_type() == parameter.scalar_type()) return gradient;
  return at::empty_like(parameter).copy_(gradient);
}

}  // namespace

AdamW::AdamW(std::vector<ParameterGroup> groups, Options options) : groups_(std::move(groups)), options_(options) {
  std::set<std::string> names;
  for (const auto& group : groups_) {
    for (const auto& [name, parameter] : group.parameters) {
      FORESEE_CHECK(names.insert(name).second, "expected unique parameter names, got '{}' twice", name);
      FORESEE_CHECK(parameter.defined() && parameter.is_floating_point() && parameter.is_non_overlapping_and_dense(),
                    "expected a dense floating-point parameter '{}', got {}", name, describe(parameter));
    }
    moments_.emplace_back(group.parameters.size());
  }
}

void AdamW::step(double learning_rate) {
  const torch::NoGradGuard no_grad;
  for (size_t g = 0; g < groups_.size(); ++g) {
    std::map<std::pair<std::string, at::ScalarType>, Bucket> buckets;
    for (size_t p = 0; p < groups_[g].parameters.size(); ++p) {
      const Tensor& parameter = groups_[g].parameters[p].second;
      const Tensor gradient = parameter.grad();
      if (!gradient.defined()) continue;
      Moments& moments = moments_[g][p];
      if (!moments.step.defined())
        moments = {at::zeros_like(parameter), at::zeros_like(parameter),
                   at::zeros({}, parameter.options().dtype(at::kFloat).requires_grad(false))};
      moments.step.add_(1);
      auto& bucket = buckets[{parameter.device().str(), parameter.scalar_type()}];
      bucket.parameters.push_back(parameter);
      bucket.gradients.push_back(laid_out_as(gradient, parameter));
      bucket.exp_avg.push_back(moments.exp_avg);
      bucket.exp_avg_sq.push_back(moments.exp_avg_sq);
      bucket.steps.push_back(moments.step);
    }
    for (auto& [key, bucket] : buckets)
      at::_fused_adamw_(bucket.parameters, bucket.gradients, bucket.exp_avg, bucket.exp_avg_sq, /*max_exp_avg_sqs=*/{},
                        bucket.steps, learning_rate, options_.beta1, options_.beta2, groups_[g].weight_decay,
                        options_.eps, /*amsgrad=*/false, /*maximize=*/false);
  }
}

void AdamW::zero_grad() {
  for (auto& group : groups_)
    for (auto& [name, parameter] : group.parameters) parameter.mutable_grad() = Tensor();
}

TensorMap AdamW::state() const {
  TensorMap state;
  for (size_t g = 0; g < groups_.size(); ++g)
    for (size_t p = 0; p < moments_[g].size(); ++p) {
      const auto& [exp_avg, exp_avg_sq, step] = moments_[g][p];
      if (!step.defined()) continue;
      const std::string& name = groups_[g].parameters[p].first;
      state.emplace(name + ".exp_avg", exp_avg);
      state.emplace(name + ".exp_avg_sq", exp_avg_sq);
      state.emplace(name + ".step", step);
    }
  return state;
}

void AdamW::load_state(const TensorMap& state) {
  const torch::NoGradGuard no_grad;
  auto loaded = moments_;
  std::vector<std::string> problems;
  size_t used = 0;
  for (size_t g = 0; g < groups_.size(); ++g)
    for (size_t p = 0; p < groups_[g].parameters.size(); ++p) {
      const auto& [name, parameter] = groups_[g].parameters[p];
      const auto read = [&, &name = name](const char* suffix, at::IntArrayRef shape, const Tensor& like) -> Tensor {
        const auto found = state.find(name + suffix);
        if (found == state.end()) return {};
        ++used;
        if (found->second.sizes() != shape) {
          problems.push_back(fmt::format("{}{}: expected shape [{}], got {}", name, suffix,
                                         fmt::join(shape.begin(), shape.end(), ", "), describe(found->second)));
          return {};
        }
        return at::empty_like(like).copy_(found->second);
      };
      const Tensor scalar = at::empty({}, parameter.options().dtype(at::kFloat).requires_grad(false));
      const size_t problems_before = problems.size();
      Moments moments{read(".exp_avg", parameter.sizes(), parameter), read(".exp_avg_sq", parameter.sizes(), parameter),
                      read(".step", {}, scalar)};
      const int parts = moments.exp_avg.defined() + moments.exp_avg_sq.defined() + moments.step.defined();
      if (parts != 0 && parts != 3 && problems.size() == problems_before)
        problems.push_back(fmt::format("{}: {} of exp_avg, exp_avg_sq, step", name, parts));
      loaded[g][p] = std::move(moments);
    }
  if (used != state.size())
    problems.push_back(fmt::format("{} entries belong to no parameter of the model", state.size() - used));
  if (!problems.empty())
    fail<CheckpointError>("optimizer state does not fit the model: {}", name_list(problems, 10, "; "));
  moments_ = std::move(loaded);
}

double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm) {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> gradients, norms;
  for (const auto& parameter : parameters)
    if (const Tensor gradient = parameter.grad(); gradient.defined()) {
      gradients.push_back(gradient);
      norms.push_back(at::linalg_vector_norm(gradient).to(at::kFloat));
    }
  if (norms.empty()) return 0.0;
  const Tensor total = at::linalg_vector_norm(at::stack(norms));
  if (max_norm > 0) {
    const Tensor coefficient = (max_norm / (total + 1e-6)).clamp_max(1.0);
    for (auto& gradient : gradients) gradient.mul_(coefficient);
  }
  return total.item<double>();
}

}  // namespace foresee
