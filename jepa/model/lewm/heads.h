#pragma once

#include <string>
#include <vector>

#include "jepa/model/lewm/config.h"
#include "jepa/nn/affine.h"

namespace foresee {

// Note [Heads of LeWM]
// Small networks on the embeddings of a LeWM that stays as it is: their losses never reach the encoder. So they can be
// fitted to any LeWM afterwards, published ones too, from embeddings that are computed once
// (jepa/train/heads/task.h). Pairs are taken in hindsight: a row of a recorded episode, and a later row of the same
// one as its goal.

/// A two-layer perceptron of a present and a goal embedding: Linear, GELU, Linear, GELU, Linear.
class PairHead {
 public:
  /// Registers the tensors below `path` of `module`.
  PairHead(torch::nn::Module& module, const std::string& path, int64_t embedding, int64_t hidden, int64_t out);
  /// @param now  float [..., D]. @param goal  float, broadcastable to `now`. @returns float [..., out].
  Tensor forward(const Tensor& now, const Tensor& goal) const;

 private:
  Affine in_, hidden_, out_;
};

/// The inverse-dynamics head (GC-IDM, arXiv 2605.08732): the normalised action block that was taken on the way from a
/// state to a goal k blocks later, k anywhere in the rest of the episode. Fitted by the mean squared error, it says the
/// mean of what was done, so noise of the demonstrations averages out. @returns float [..., action_block].
using InverseHead = PairHead;

/// The distance head: blocks from a state to a goal along recorded episodes, which go around walls where a straight
/// line in latent space does not.
class DistanceHead {
 public:
  DistanceHead(torch::nn::Module& module, const std::string& path, int64_t embedding, int64_t hidden);
  /// log(1 + blocks), what is fitted. @returns float [...].
  Tensor log_blocks(const Tensor& now, const Tensor& goal) const;
  /// Blocks, 0 or more. @returns float [...].
  Tensor forward(const Tensor& now, const Tensor& goal) const;

 private:
  PairHead net_;
};

/// Draws the picture of an embedding: a linear map to a small grid, then convolutions between doublings of it. For
/// people to look at what was imagined; no loss of the model depends on it.
class PictureDecoder {
 public:
  /// @param size  pixels of the pictures; at least one halving is possible.
  PictureDecoder(torch::nn::Module& module, const std::string& path, int64_t embedding, int64_t width, int64_t size);
  /// @param embeddings  float [N, D]. @returns float [N, 3, size, size] in 0 .. 1, RGB.
  Tensor forward(const Tensor& embeddings) const;

 private:
  int64_t grid_, width_;
  Affine in_, last_;
  std::vector<Affine> stages_;
};

/// Whether a tensor of a LeWM belongs to a head, by its name.
bool of_heads(const std::string& name);

}  // namespace foresee
