#include "jepa/model/lewm/heads.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/parameter_tree.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr int64_t kSmallestGrid = 8, kNarrowest = 16;

Affine add_convolution(torch::nn::Module& module, const std::string& path, int64_t in, int64_t out) {
  return {add_parameter(module, path + ".weight", {out, in, 3, 3}), add_parameter(module, path + ".bias", {out})};
}

Tensor convolve(const Affine& a, const Tensor& x) {
  return at::conv2d(x, a.weight, a.bias, /*stride=*/1, /*padding=*/1);
}

}  // namespace

PairHead::PairHead(torch::nn::Module& module, const std::string& path, int64_t embedding, int64_t hidden, int64_t out)
    : in_(add_linear(module, path + ".net.0", 2 * embedding, hidden)),
      hidden_(add_linear(module, path + ".net.2", hidden, hidden)),
      out_(add_linear(module, path + ".net.4", hidden, out)) {}

Tensor PairHead::forward(const Tensor& now, const Tensor& goal) const {
  const int64_t width = now.size(-1);
  // The first layer of cat(now, goal), in two products: many states share a goal.
  const Tensor first =
      at::linear(now, in_.weight.narrow(1, 0, width), in_.bias) + at::linear(goal, in_.weight.narrow(1, width, width));
  return out_.linear(at::gelu(hidden_.linear(at::gelu(first))));
}

DistanceHead::DistanceHead(torch::nn::Module& module, const std::string& path, int64_t embedding, int64_t hidden)
    : net_(module, path, embedding, hidden, 1) {}

Tensor DistanceHead::log_blocks(const Tensor& now, const Tensor& goal) const {
  return at::softplus(net_.forward(now, goal).squeeze(-1));
}

Tensor DistanceHead::forward(const Tensor& now, const Tensor& goal) const { return log_blocks(now, goal).expm1(); }

PictureDecoder::PictureDecoder(torch::nn::Module& module, const std::string& path, int64_t embedding, int64_t width,
                               int64_t size)
    : grid_(size), width_(width) {
  int64_t doublings = 0;
  while (grid_ % 2 == 0 && (grid_ / 2 >= kSmallestGrid || doublings == 0)) {
    grid_ /= 2;
    ++doublings;
  }
  in_ = add_linear(module, path + ".in", embedding, width * grid_ * grid_);
  int64_t channels = width;
  for (int64_t i = 0; i < doublings; ++i) {
    const int64_t next = std::max(kNarrowest, channels / 2);
    stages_.push_back(add_convolution(module, fmt::format("{}.stages.{}", path, i), channels, next));
    channels = next;
  }
  last_ = add_convolution(module, path + ".out", channels, 3);
}

Tensor PictureDecoder::forward(const Tensor& embeddings) const {
  Tensor x = at::gelu(in_.linear(embeddings)).view({embeddings.size(0), width_, grid_, grid_});
  for (const Affine& stage : stages_) {
    x = at::upsample_nearest2d(x, {x.size(2) * 2, x.size(3) * 2});
    x = at::gelu(convolve(stage, x));
  }
  return at::sigmoid(convolve(last_, x));
}

bool of_heads(const std::string& name) {
  for (const char* prefix : {"inverse_head.", "distance_head.", "picture_decoder."})
    if (name.starts_with(prefix)) return true;
  return false;
}

}  // namespace foresee
