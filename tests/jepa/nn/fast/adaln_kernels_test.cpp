// Claims: the parts of an AdaLN block in one pass are the operators that they stand for.
#include "jepa/nn/fast/adaln_kernels.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "tests/jepa/nn/fast/both_ways.h"

namespace foresee {
namespace {

using testing::draw;
using testing::expect_both_ways_agree;

// Rows that lie apart, as a part of a wider tensor.
Tensor apart(int64_t rows, int64_t width, uint64_t first) {
  return draw({rows, 3 * width}, first).narrow(1, width, width);
}

TEST(AdaLnKernels, ModulatedNormFusedIsPlain) {
  const torch::NoGradGuard no_grad;
  const Tensor shift = apart(11, 37, 1000), scale = apart(11, 37, 5000);
  for (const Affine& norm : {testing::draw_norm(37, 9000), Affine()}) {
    const auto both = [&](Kernel kernel) {
      Tensor out = at::empty({11, 37});
      modulated_norm(apart(11, 37, 0), shift, scale, norm, out, kernel);
      return std::vector{out};
    };
    expect_both_ways_agree(both, {});
  }
}

TEST(AdaLnKernels, GatedAddFusedIsPlain) {
  const auto both = [&](Kernel kernel) {
    Tensor x = draw({11, 37});
    gated_add(x, apart(11, 37, 1000), draw({11, 37}, 5000), kernel);
    return std::vector{x};
  };
  expect_both_ways_agree(both, {});
}

TEST(AdaLnKernels, AttendToFewFusedIsPlain) {
  for (const size_t count : {1, 3, 16}) {
    std::vector<Tensor> keys, values;
    for (size_t t = 0; t < count; ++t) {
      keys.push_back(apart(11, 24, 10000 * (t + 1)));
      values.push_back(apart(11, 24, 10000 * (t + 1) + 5000));
    }
    const auto both = [&](Kernel kernel) {
      Tensor out = at::empty({11, 24});
      attend_to_few(apart(11, 24, 0), keys, values, /*heads=*/3, out, kernel);
      return std::vector{out};
    };
    expect_both_ways_agree(both, {});
  }
}

TEST(AdaLnKernels, FusedRefusesWhatItCannotRead) {
  Tensor x = draw({4, 6}, 0, at::kDouble), turned = draw({6, 4}).t(), out = at::empty({4, 6});
  EXPECT_THROW(gated_add(x, x, x, Kernel::kFused), Error);
  EXPECT_THROW(gated_add(turned, turned, turned, Kernel::kFused), Error);
  const std::vector<Tensor> many(17, draw({4, 6}));
  EXPECT_THROW(attend_to_few(draw({4, 6}), many, many, 2, out, Kernel::kFused), Error);
  EXPECT_NO_THROW(attend_to_few(draw({4, 6}), many, many, 2, out));
}

}  // namespace
}  // namespace foresee
