#include "jepa/model/lewm/projector.h"

#include "jepa/core/parameter_tree.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {
constexpr double kBatchNormEps = 1e-5, kBatchNormMomentum = 0.1;  // torch.nn.BatchNorm1d
}

Projector::Projector(torch::nn::Module& module, const std::string& path, int64_t in, int64_t hidden, int64_t out) {
  input = add_linear(module, path + ".net.0", in, hidden);
  norm = add_norm(module, path + ".net.1", hidden);
  running_mean = add_buffer(module, path + ".net.1.running_mean", at::zeros({hidden}, at::kFloat));
  running_var = add_buffer(module, path + ".net.1.running_var", at::ones({hidden}, at::kFloat));
  batches = add_buffer(module, path + ".net.1.num_batches_tracked", at::zeros({}, at::kLong));
  output = add_linear(module, path + ".net.3", hidden, out);
}

Tensor Projector::forward(const Tensor& x, bool training) const {
  if (training) batches.add_(1);
  const double momentum = training && averaging_ ? 1.0 / batches.item<double>() : kBatchNormMomentum;
  const Tensor h = at::batch_norm(input.linear(x).to(norm.weight.scalar_type()), norm.weight, norm.bias, running_mean,
                                  running_var, training, momentum, kBatchNormEps, /*cudnn_enabled=*/false);
  return output.linear(at::gelu(h));
}

AverageStatistics::AverageStatistics(Projector& projector)
    : projector_(projector), batches_(projector.batches.clone()) {
  projector_.batches.zero_();
  projector_.averaging_ = true;
}

AverageStatistics::~AverageStatistics() {
  projector_.batches.copy_(batches_);
  projector_.averaging_ = false;
}

Affine Projector::folded_input() const {
  // BN(Wx + b) = s (Wx + b - mean) + beta with s = gamma / sqrt(var + eps); in double, as it is done once.
  const Tensor scale = norm.weight.detach().to(at::kDouble) / (running_var.to(at::kDouble) + kBatchNormEps).sqrt();
  const Tensor bias = scale * (input.bias.detach() - running_mean.to(at::kDouble)) + norm.bias.detach();
  return {(input.weight.detach() * scale.unsqueeze(1)).to(input.weight.scalar_type()),
          bias.to(input.bias.scalar_type())};
}

}  // namespace foresee
