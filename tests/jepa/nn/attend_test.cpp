// Claims: attention is softmax(q k^T / sqrt(d)) v with its gradient, whatever the number of tokens and threads.
#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/nn/qkv.h"

namespace foresee {
namespace {

Qkv draw_heads(int64_t batch, int64_t heads, int64_t tokens, int64_t head_dim, at::ScalarType dtype) {
  const auto part = [&](uint64_t i) {
    return Random(2, Stream::kTest, i).normal_tensor({batch, heads, tokens, head_dim}).to(dtype).requires_grad_();
  };
  return {part(0), part(1), part(2)};
}

Tensor plain_attention(const Qkv& h) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(h.query.size(3)));
  return at::matmul(at::softmax(at::matmul(h.query * scale, h.key.transpose(-2, -1)), -1), h.value)
      .transpose(1, 2)
      .flatten(2);
}

std::vector<Tensor> gradients(const Qkv& heads, const Tensor& out) {
  const Tensor weight = at::sin(at::arange(out.numel(), out.options().requires_grad(false))).view_as(out);
  return torch::autograd::grad({(out * weight).sum()}, {heads.query, heads.key, heads.value});
}

TEST(Attend, IsPlainAttentionWithItsGradient) {
  for (const auto& [tokens, head_dim] : {std::pair<int64_t, int64_t>{1, 8}, {17, 5}, {600, 16}}) {
    const Qkv heads = draw_heads(2, 3, tokens, head_dim, at::kDouble);
    const Tensor mine = attend(heads), plain = plain_attention(heads);
    EXPECT_TRUE(at::allclose(mine, plain, 1e-10, 1e-12)) << tokens;
    const auto mine_gradients = gradients(heads, mine), plain_gradients = gradients(heads, plain);
    for (size_t i = 0; i < 3; ++i)
      EXPECT_TRUE(at::allclose(mine_gradients[i], plain_gradients[i], 1e-9, 1e-11)) << tokens << " " << i;
  }
}

TEST(Attend, IsTheSameInFloat32OnAnyNumberOfThreads) {
  const Qkv heads = draw_heads(2, 3, 700, 32, at::kFloat);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const Tensor one = attend(heads);
  const auto one_gradients = gradients(heads, one);
  at::set_num_threads(2);
  const Tensor two = attend(heads);
  const auto two_gradients = gradients(heads, two);
  at::set_num_threads(threads);
  EXPECT_TRUE(at::allclose(one, plain_attention(heads), 1e-4, 1e-5));
  EXPECT_TRUE(at::equal(one, two));
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(at::allclose(one_gradients[i], two_gradients[i], 1e-4, 1e-5));
}

TEST(Attend, FewerQueriesThanKeysAreRowsOfAll) {
  for (const int64_t tokens : {20, 700}) {
    const Qkv all = draw_heads(2, 3, tokens, 16, at::kDouble);
    const Qkv tail{all.query.slice(2, 5), all.key, all.value};
    const Tensor mine = attend(tail), plain = plain_attention(all).slice(1, 5);
    EXPECT_TRUE(at::allclose(mine, plain, 1e-10, 1e-12)) << tokens;
    const auto mine_gradients = gradients(all, mine), plain_gradients = gradients(all, plain);
    for (size_t i = 0; i < 3; ++i)
      EXPECT_TRUE(at::allclose(mine_gradients[i], plain_gradients[i], 1e-9, 1e-11)) << tokens << " " << i;
  }
}

TEST(Attend, RefusesHeadsOfDifferentSizes) {
  Qkv heads = draw_heads(1, 2, 4, 8, at::kFloat);
  heads.key = heads.key.narrow(2, 0, 3);
  EXPECT_THROW(attend(heads), Error);
}

}  // namespace
}  // namespace foresee
