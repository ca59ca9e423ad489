#include "jepa/nn/fast/packed_adaln.h"

#include "jepa/core/torch.h"
#include "jepa/nn/fast/adaln_kernels.h"

namespace foresee {
namespace {

/// A copy; what is undefined stays so.
Tensor fixed(const Tensor& t) { return t.defined() ? t.detach().clone() : Tensor(); }

Affine fixed(const Affine& a) { return {fixed(a.weight), fixed(a.bias)}; }

Tensor transposed(const Tensor& weight) { return weight.detach().t().contiguous(); }  // [out, in] -> [in, out]

Affine transposed(const Affine& a) { return {transposed(a.weight), fixed(a.bias)}; }

Tensor product(const Tensor& x, const Affine& transposed) {
  return transposed.bias.defined() ? at::addmm(transposed.bias, x, transposed.weight) : at::mm(x, transposed.weight);
}

}  // namespace

PackedAdaLnBlock::PackedAdaLnBlock(const AdaLnBlock& block, int64_t index, Kernel kernel)
    : sizes_(block.sizes),
      index_(index),
      kernel_(kernel),
      norm1_(fixed(block.attention_norm)),
      norm2_(fixed(block.mlp_norm)),
      in_(transposed(block.mlp_in)),
      mlp_(transposed(block.mlp_out)),
      qkv_(transposed(block.qkv)) {
  if (block.attention_out.weight.defined()) out_ = transposed(block.attention_out);
}

PackedAdaLnBlock::Scratch PackedAdaLnBlock::scratch(const Tensor& x) const {
  return {at::empty_like(x), at::empty({x.size(0), sizes_.heads * sizes_.head_dim}, x.options())};
}

void PackedAdaLnBlock::forward(Tensor& x, std::span<const Tensor> modulation, std::vector<Tensor>& known,
                               bool newest_alone, Scratch& scratch) const {
  const auto count = static_cast<int64_t>(modulation.size());
  const int64_t n = x.size(0) / count, width = sizes_.width, inner = sizes_.heads * sizes_.head_dim;
  auto& [h, a] = scratch;
  const auto token = [&](const Tensor& all, int64_t t) { return all.narrow(0, t * n, n); };
  // 0 shift, 1 scale, 2 gate of attention, 3 to 5 of the MLP.
  const auto part = [&](int64_t t, int64_t index) {
    return modulation[static_cast<size_t>(t)].narrow(1, (index_ * 6 + index) * width, width);
  };
  const auto modulate = [&](int64_t first, int64_t shift, const Affine& norm) {
    for (int64_t t = first; t < count; ++t) {
      Tensor out = token(h, t);
      modulated_norm(token(x, t), part(t, shift), part(t, shift + 1), norm, out, kernel_);
    }
  };
  const auto add_gated = [&](int64_t first, int64_t gate, const Tensor& branch) {
    for (int64_t t = first; t < count; ++t) {
      Tensor to = token(x, t);
      gated_add(to, part(t, gate), token(branch, t - first), kernel_);
    }
  };
  modulate(0, 0, norm1_);
  const Tensor qkv = product(h, qkv_);  // [T * N, 3 * inner]
  for (int64_t t = 0; t < count; ++t) known.push_back(token(qkv, t));
  std::vector<Tensor> keys, values;
  for (const Tensor& projection : known) {
    keys.push_back(projection.narrow(1, inner, inner));
    values.push_back(projection.narrow(1, 2 * inner, inner));
  }
  const int64_t first = newest_alone ? count - 1 : 0;
  for (int64_t t = first; t < count; ++t) {
    const size_t seen = keys.size() - static_cast<size_t>(count - 1 - t);
    Tensor out = token(a, t);
    attend_to_few(token(qkv, t).narrow(1, 0, inner), std::span(keys).first(seen), std::span(values).first(seen),
                  sizes_.heads, out, kernel_);
  }
  const Tensor attended = a.narrow(0, first * n, (count - first) * n);
  add_gated(first, 2, out_.weight.defined() ? product(attended, out_) : attended);
  modulate(first, 3, norm2_);
  Tensor hidden = product(h.narrow(0, first * n, (count - first) * n), in_);
  add_gated(first, 5, product(at::gelu_(hidden), mlp_));
}

}  // namespace foresee
