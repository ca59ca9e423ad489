#pragma once

#include <algorithm>
#include <bit>
#include <numbers>

namespace foresee {

/// e^-y for y >= 0, relative error 1e-7, 0 .. 1e-38 for y of 87 and more; made for loops that compilers vectorise.
/// It is 2^n e^r with |r| <= ln 2 / 2 and the Taylor polynomial of e^r to r^7.
__attribute__((always_inline)) inline float exp_of_minus(float y) {
  // The lesser of y and 87: of the bits, as a comparison of floats may trap and so keeps loops from being vectorised.
  const float x = -std::bit_cast<float>(std::min(std::bit_cast<int>(y), std::bit_cast<int>(87.0f)));
  const int n = static_cast<int>(x * std::numbers::log2e_v<float> - 0.5f);
  const float whole = static_cast<float>(n), r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return p * std::bit_cast<float>((n + 127) << 23);
}

}  // namespace foresee
