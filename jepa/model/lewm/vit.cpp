#include "jepa/model/lewm/vit.h"

#include <ATen/Parallel.h>

#include <array>
#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/parameter_tree.h"
#include "jepa/core/torch.h"
#include "jepa/nn/autocast.h"
#include "jepa/nn/fast/residual_block.h"
#include "jepa/nn/fast/tiled.h"

namespace foresee {
namespace {

using Layer = LewmVit::Layer;

/// A block as its kernel takes it, without queries, keys and values.
ResidualBlock block_of(const Layer& layer, const LewmVitConfig& config) {
  return {.proj = layer.attention_out,
          .norm2 = layer.norm_after,
          .fc1 = layer.mlp_in,
          .fc2 = layer.mlp_out,
          .heads = config.heads,
          .eps = config.eps};
}

/// @param x  the stream and the block's first norm of it, float [N * tokens, width]. @param next  norm behind the
/// block.
ResidualNorm vit_block(const Layer& layer, const ResidualNorm& x, const LewmVitConfig& config,
                       const Sequences& pictures, const Affine& next) {
  ResidualBlock block = block_of(layer, config);
  block.qkv = {at::cat({layer.query.weight, layer.key.weight, layer.value.weight}),  // one product, not three
               at::cat({layer.query.bias, layer.key.bias, layer.value.bias})};
  return residual_block(block, x, pictures, next);
}

// Note [Class token alone]
// The last block needs one query per head. With y = LN(x), the score of token t is
//   q . (K y_t + b_K) = (K^T q) . y_t + q . b_K,
// whose last term is the same for all tokens and drops out of the softmax; and the attended value is
// V (sum_t p_t y_t) + b_V since the weights p sum to 1. So keys and values are never formed: two small products with y
// replace two projections of every token. The gradient of b_K is zero in exact arithmetic; here it is zero.
Tensor class_token_block(const Layer& layer, const ResidualNorm& x, const LewmVitConfig& config,
                         const Sequences& pictures, const Affine& next) {
  const int64_t batch = pictures.batch, width = x.stream.size(1), heads = config.heads;
  const int64_t inner = config.attention(), d = inner / heads;
  const Tensor stream = x.stream.view({batch, pictures.tokens, width}), y = x.normed.view_as(stream);
  const Tensor query = layer.query.linear(y.select(1, 0)) * (1.0 / std::sqrt(static_cast<double>(d)));
  const Tensor folded = at::bmm(query.view({batch, heads, d}).transpose(0, 1), layer.key.weight.view({heads, d, width}))
                            .transpose(0, 1);  // [N, heads, width]
  const Tensor weights =
      at::softmax(at::bmm(folded, y.transpose(1, 2)) + layer.key.bias.sum() * 0, -1);              // [N, heads, T]
  const Tensor mixed = at::bmm(weights, y).transpose(0, 1);                                        // [heads, N, width]
  const Tensor value = at::bmm(mixed, layer.value.weight.view({heads, d, width}).transpose(1, 2))  // [heads, N, d]
                           .transpose(0, 1)
                           .reshape({batch, inner}) +
                       layer.value.bias;
  return residual_mlp(block_of(layer, config), stream.select(1, 0), value, next).normed;
}

}  // namespace

Tensor picture_patches(const Tensor& frames, const Preprocess& preprocess, int64_t p) {
  FORESEE_CHECK(frames.dim() == 4 && frames.size(1) == 3 && frames.scalar_type() == at::kByte &&
                    frames.size(2) % p == 0 && frames.size(3) % p == 0,
                "expected uint8 [N, 3, H, W] with H and W multiples of {}, got {}", p, describe(frames));
  const int64_t count = frames.size(0), height = frames.size(2), width = frames.size(3);
  const int64_t rows = height / p, columns = width / p;
  if (!frames.device().is_cpu())
    return preprocess.normalise(frames)
        .view({count, 3, rows, p, columns, p})
        .permute({0, 2, 4, 1, 3, 5})
        .reshape({count, rows * columns, 3 * p * p});
  std::array<std::array<float, 256>, 3> table;  // the normalised value of every byte
  for (size_t c = 0; c < 3; ++c)
    for (size_t byte = 0; byte < 256; ++byte)
      table[c][byte] = (static_cast<float>(byte) / 255.0f - static_cast<float>(preprocess.mean[c])) /
                       static_cast<float>(preprocess.std[c]);
  const Tensor pixels = frames.contiguous();
  Tensor out = at::empty({count, rows * columns, 3 * p * p}, at::kFloat);
  const uint8_t* from = pixels.const_data_ptr<uint8_t>();
  float* to = out.data_ptr<float>();
  at::parallel_for(0, count * rows, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      for (int64_t column = 0; column < columns; ++column)
        for (int64_t c = 0; c < 3; ++c)
          for (int64_t y = 0; y < p; ++y) {
            const uint8_t* line = from + (((i / rows) * 3 + c) * height + (i % rows) * p + y) * width + column * p;
            float* target = to + (i * columns + column) * 3 * p * p + (c * p + y) * p;
            for (int64_t x = 0; x < p; ++x) target[x] = table[static_cast<size_t>(c)][line[x]];
          }
  });
  return out;
}

LewmVit::LewmVit(torch::nn::Module& module, const std::string& path, const LewmVitConfig& c) : config(c) {
  const int64_t grid = c.image_size / c.patch, d = c.width;
  cls = add_parameter(module, path + ".embeddings.cls_token", {1, 1, d});
  positions = add_parameter(module, path + ".embeddings.position_embeddings", {1, 1 + grid * grid, d});
  const std::string projection = path + ".embeddings.patch_embeddings.projection";
  patch_weight = add_parameter(module, projection + ".weight", {d, 3, c.patch, c.patch});
  patch_bias = add_parameter(module, projection + ".bias", {d});
  for (int64_t i = 0; i < c.layers; ++i) {
    const std::string at = fmt::format("{}.encoder.layer.{}.", path, i);
    Layer layer;
    layer.query = add_linear(module, at + "attention.attention.query", d, c.attention());
    layer.key = add_linear(module, at + "attention.attention.key", d, c.attention());
    layer.value = add_linear(module, at + "attention.attention.value", d, c.attention());
    layer.attention_out = add_linear(module, at + "attention.output.dense", c.attention(), d);
    layer.mlp_in = add_linear(module, at + "intermediate.dense", d, c.mlp);
    layer.mlp_out = add_linear(module, at + "output.dense", c.mlp, d);
    layer.norm_before = add_norm(module, at + "layernorm_before", d);
    layer.norm_after = add_norm(module, at + "layernorm_after", d);
    layers.push_back(std::move(layer));
  }
  norm = add_norm(module, path + ".layernorm", d);
  parameters = {cls, positions, patch_weight, patch_bias, norm.weight, norm.bias};
  for (const Layer& l : layers)
    for (const Affine* a :
         {&l.norm_before, &l.query, &l.key, &l.value, &l.attention_out, &l.norm_after, &l.mlp_in, &l.mlp_out})
      parameters.insert(parameters.end(), {a->weight, a->bias});
}

Tensor LewmVit::tokens(const Tensor& patches, int64_t rows, int64_t columns) const {
  const int64_t grid = config.image_size / config.patch;
  FORESEE_CHECK(patches.dim() == 3 && patches.size(1) == rows * columns, "expected {} x {} patches, got {}", rows,
                columns, describe(patches));
  Tensor places = positions;
  if (rows != grid || columns != grid) {
    const Tensor square = positions.slice(1, 1).view({1, grid, grid, config.width}).permute({0, 3, 1, 2});
    const Tensor resized = at::upsample_bicubic2d(square, {rows, columns}, /*align_corners=*/false);
    places = at::cat(
        {positions.slice(1, 0, 1), resized.permute({0, 2, 3, 1}).reshape({1, rows * columns, config.width})}, 1);
  }
  const Tensor projected = at::linear(patches, patch_weight.flatten(1), patch_bias);
  return at::cat({cls.expand({patches.size(0), 1, config.width}), projected}, 1) + places;
}

ResidualNorm LewmVit::blocks(const Tensor& tokens, size_t count, const Sequences& pictures) const {
  const auto norm_of = [&](size_t i) -> const Affine& { return i < layers.size() ? layers[i].norm_before : norm; };
  const Tensor rows = tokens.flatten(0, 1);
  ResidualNorm x{rows, norm_of(0).layer_norm(rows, config.eps)};
  for (size_t i = 0; i < count; ++i) x = vit_block(layers[i], x, config, pictures, norm_of(i + 1));
  return x;
}

Tensor LewmVit::forward(const Tensor& tokens) const {
  return blocks(tokens, layers.size(), {.batch = tokens.size(0), .tokens = tokens.size(1)}).normed.view_as(tokens);
}

Tensor LewmVit::class_token(const Tensor& tokens) const {
  const Sequences pictures{.batch = tokens.size(0), .tokens = tokens.size(1)};
  const ResidualNorm x = blocks(tokens, layers.size() - 1, pictures);
  return class_token_block(layers.back(), x, config, pictures, norm);
}

Tensor LewmVit::encode(const Tensor& patches, int64_t rows, int64_t columns) const {
  constexpr int64_t kTokens = 1040;  // of a tile: few enough for the cache, enough for large products
  const int64_t tile = std::max<int64_t>(1, kTokens / (1 + rows * columns));
  const auto device = patches.device().type();
  const Precision precision = autocast_precision(device);  // tiles run in other threads
  return tiled(patches, parameters, tile, [&](const Tensor& part) {
    const AutocastGuard same(precision, device);
    return class_token(tokens(part, rows, columns));
  });
}

}  // namespace foresee
