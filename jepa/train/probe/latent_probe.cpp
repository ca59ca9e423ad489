#include "jepa/train/probe/latent_probe.h"

#include <Eigen/Cholesky>
#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"
#include "jepa/nn/affine.h"
#include "jepa/train/adamw.h"
#include "jepa/train/schedule.h"

namespace foresee {
namespace {

constexpr double kSolvable = 1e-8;  // of a feature's variance
constexpr int64_t kHidden = 256, kSteps = 500, kRows = 256;
constexpr double kPeakRate = 1e-3, kDecay = 1e-3;

/// Columns z-scored by the rows that are fitted.
struct Scaling {
  explicit Scaling(const Tensor& rows) : mean(rows.mean(0)), std(rows.std(0, /*unbiased=*/false).clamp_min(1e-12)) {}
  Tensor operator()(const Tensor& rows) const { return (rows - mean) / std; }
  Tensor back(const Tensor& rows) const { return rows * std + mean; }
  Tensor mean, std;
};

void check_shapes(const Tensor& train_x, const Tensor& train_y, const Tensor& test_x, const Tensor& test_y) {
  FORESEE_CHECK(train_x.dim() == 2 && train_y.dim() == 2 && train_x.size(0) == train_y.size(0) &&
                    test_x.size(0) == test_y.size(0) && train_x.size(1) == test_x.size(1) &&
                    train_y.size(1) == test_y.size(1) && train_x.size(0) > 1 && test_x.size(0) > 1,
                "expected [N, D] and [N, S] to fit and to test, got {}, {}, {}, {}", describe(train_x),
                describe(train_y), describe(test_x), describe(test_y));
}

/// @param predicted, truth  double [N, S], both z-scored alike. @param train_y  what tells whether a column varies.
ProbeScore score(const Tensor& predicted, const Tensor& truth, const Tensor& train_y) {
  const Tensor mse = (predicted - truth).square().mean(0);
  const Tensor a = predicted - predicted.mean(0), b = truth - truth.mean(0);
  const Tensor r = (a * b).sum(0) / (a.square().sum(0) * b.square().sum(0)).sqrt();  // NaN where a column is constant
  const Tensor varies = train_y.std(0, /*unbiased=*/false) > 1e-12;
  ProbeScore out;
  for (int64_t i = 0; i < truth.size(1); ++i) {
    const bool known = varies[i].item<bool>();
    out.mse.push_back(known ? mse[i].item<double>() : std::nan(""));
    out.r.push_back(known ? r[i].item<double>() : std::nan(""));
  }
  return out;
}

/// Solves gram * weights = target. @param gram  double [D, D], positive definite. @param target  double [D, S].
Tensor solve(const Tensor& gram, const Tensor& target) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Tensor a = gram.contiguous(), b = target.contiguous();
  Tensor weights = at::empty_like(b);
  Eigen::Map<Matrix>(weights.mutable_data_ptr<double>(), b.size(0), b.size(1)) =
      Eigen::Map<const Matrix>(a.const_data_ptr<double>(), a.size(0), a.size(1))
          .ldlt()
          .solve(Eigen::Map<const Matrix>(b.const_data_ptr<double>(), b.size(0), b.size(1)));
  return weights;
}

Tensor in_double(const Tensor& t) { return t.to(at::kCPU, at::kDouble); }

}  // namespace

Tensor least_squares(const Tensor& train_x, const Tensor& train_y, const Tensor& test_x, double ridge) {
  const torch::NoGradGuard no_grad;
  const Tensor fit_x = in_double(train_x), fit_y = in_double(train_y);
  const Scaling scale_x(fit_x), scale_y(fit_y);
  const Tensor x = scale_x(fit_x), y = scale_y(fit_y);
  const auto rows = static_cast<double>(x.size(0));
  const Tensor gram = x.t().mm(x) + at::eye(x.size(1), x.options()) * (ridge * rows);
  return scale_y.back(scale_x(in_double(test_x)).mm(solve(gram, x.t().mm(y))));
}

ProbeScore linear_probe(const Tensor& train_x, const Tensor& train_y, const Tensor& test_x, const Tensor& test_y) {
  check_shapes(train_x, train_y, test_x, test_y);
  const torch::NoGradGuard no_grad;
  const Tensor fit_y = in_double(train_y);
  const Scaling scale_y(fit_y);
  return score(scale_y(least_squares(train_x, train_y, test_x, kSolvable)), scale_y(in_double(test_y)), fit_y);
}

ProbeScore mlp_probe(const Tensor& train_x, const Tensor& train_y, const Tensor& test_x, const Tensor& test_y,
                     uint64_t seed, const JobControl& control) {
  check_shapes(train_x, train_y, test_x, test_y);
  const at::AutoGradMode with_gradients(true);
  const auto in_float = [](const Tensor& t) { return t.detach().to(at::kCPU, at::kFloat); };
  const Tensor fit_x = in_float(train_x), fit_y = in_float(train_y);
  const Scaling scale_x(fit_x), scale_y(fit_y);
  const Tensor x = scale_x(fit_x), y = scale_y(fit_y);
  const int64_t width = x.size(1), rows = x.size(0);

  const Random weights(seed, Stream::kBaseline);
  uint64_t drawn = 0;
  ParameterGroup group{.parameters = {}, .weight_decay = kDecay};
  const auto layer = [&](int64_t in, int64_t out, const char* name) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(in));
    Tensor weight = weights.uniform_tensor({out, in}, drawn) * (2 * bound) - bound;
    drawn += static_cast<uint64_t>(in * out);
    const Affine affine{weight.requires_grad_(true), at::zeros({out}).requires_grad_(true)};
    group.parameters.emplace_back(std::string(name) + ".weight", affine.weight);
    group.parameters.emplace_back(std::string(name) + ".bias", affine.bias);
    return affine;
  };
  const Affine in = layer(width, kHidden, "in"), hidden = layer(kHidden, kHidden, "hidden"),
               out = layer(kHidden, y.size(1), "out");
  const auto net = [&](const Tensor& rows_of) {
    return out.linear(at::gelu(hidden.linear(at::gelu(in.linear(rows_of)))));
  };
  AdamW optimizer({group});
  Progress progress(control, "probe", kSteps, "steps");
  for (int64_t step = 0; step < kSteps; ++step) {
    if (control.stopping()) fail<Interrupted>("interrupted; nothing was scored");
    const Random draws(seed, Stream::kBaseline, static_cast<uint64_t>(step) + 1);
    Tensor index = at::empty({std::min(kRows, rows)}, at::kLong);
    for (int64_t i = 0; i < index.size(0); ++i)
      index.data_ptr<int64_t>()[i] = draws.integer(static_cast<uint64_t>(i), rows);
    const Tensor loss = (net(x.index_select(0, index)) - y.index_select(0, index)).square().mean();
    optimizer.zero_grad();
    loss.backward();
    optimizer.step(lewm_learning_rate(step, kSteps / 50, kSteps, kPeakRate, 0.0, 0.0));
    progress.update(step + 1);
  }
  progress.finish();
  const torch::NoGradGuard no_grad;
  return score(net(scale_x(in_float(test_x))).to(at::kDouble), scale_y(in_float(test_y)).to(at::kDouble),
               fit_y.to(at::kDouble));
}

}  // namespace foresee
