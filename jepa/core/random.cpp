#include "jepa/core/random.h"

#include <ATen/Parallel.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "jepa/core/error.h"
#include "jepa/core/memory.h"

namespace foresee {
namespace {

constexpr uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;

// 24 random bits at the middle of their interval: never 0, so that the logarithm is finite.
float unit_open(uint32_t bits) { return (static_cast<float>(bits >> 8) + 0.5f) * 0x1p-24f; }

void box_muller(uint32_t a, uint32_t b, float& first, float& second) {
  const float radius = std::sqrt(-2.0f * std::log(unit_open(a)));
  const float angle = 2.0f * std::numbers::pi_v<float> * unit_open(b);
  first = radius * std::cos(angle);
  second = radius * std::sin(angle);
}

/// out[i] = draw(index / 4)[index % 4] of index first + i. @param draw  four numbers of a block.
template <class Draw>
void fill(std::span<float> out, uint64_t first, const Draw& draw) {
  at::parallel_for(0, static_cast<int64_t>(out.size()), 1 << 14, [&](int64_t begin, int64_t end) {
    std::array<float, 4> four{};
    uint64_t held = ~uint64_t{0};
    for (int64_t i = begin; i < end; ++i) {
      const uint64_t index = first + static_cast<uint64_t>(i);
      if (index / 4 != held) four = draw(held = index / 4);
      out[static_cast<size_t>(i)] = four[index % 4];
    }
  });
}

}  // namespace

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = static_cast<uint64_t>(kMultiplier0) * c[0], p1 = static_cast<uint64_t>(kMultiplier1) * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(p0)};
    k[0] += kWeyl0;
    k[1] += kWeyl1;
  }
  return c;
}

Random::Random(uint64_t seed, Stream stream, uint64_t step)
    : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
      stream_(static_cast<uint32_t>(stream)),
      step_(static_cast<uint32_t>(step)) {
  FORESEE_CHECK(step <= 0xFFFFFFFFu, "expected a step below 2^32, got {}", step);
}

std::array<uint32_t, 4> Random::block(uint64_t index) const {
  return philox4x32({static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), step_, stream_}, key_);
}

uint32_t Random::bits(uint64_t index) const { return block(index / 4)[index % 4]; }

double Random::uniform(uint64_t index) const {
  const auto words = block(index / 2);
  const uint64_t high = words[index % 2 * 2], low = words[index % 2 * 2 + 1];
  return static_cast<double>((high << 32 | low) >> 11) * 0x1p-53;
}

double Random::normal(uint64_t index) const {
  // Both uniforms of a block make one pair of normals.
  const double u = uniform(index / 2 * 2), v = uniform(index / 2 * 2 + 1);
  const double radius = std::sqrt(-2.0 * std::log1p(-u)), angle = 2.0 * std::numbers::pi * v;
  return index % 2 == 0 ? radius * std::cos(angle) : radius * std::sin(angle);
}

int64_t Random::integer(uint64_t index, int64_t n) const {
  FORESEE_CHECK(n > 0, "expected n > 0, got {}", n);
  const auto words = block(index / 2);
  const uint64_t word = static_cast<uint64_t>(words[index % 2 * 2]) << 32 | words[index % 2 * 2 + 1];
  // Multiply-shift: the bias is below n / 2^64.
  return static_cast<int64_t>(static_cast<unsigned __int128>(word) * static_cast<uint64_t>(n) >> 64);
}

std::vector<int64_t> Random::permutation(int64_t n) const {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  for (int64_t i = n - 1; i > 0; --i)
    std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(integer(static_cast<uint64_t>(i), i + 1))]);
  return order;
}

void Random::fill_normal(std::span<float> out, uint64_t first) const {
  fill(out, first, [this](uint64_t index) {
    std::array<float, 4> four;
    const auto words = block(index);
    box_muller(words[0], words[1], four[0], four[1]);
    box_muller(words[2], words[3], four[2], four[3]);
    return four;
  });
}

void Random::fill_uniform(std::span<float> out, uint64_t first) const {
  fill(out, first, [this](uint64_t index) {
    std::array<float, 4> four;
    const auto words = block(index);
    for (size_t j = 0; j < 4; ++j) four[j] = static_cast<float>(words[j] >> 8) * 0x1p-24f;
    return four;
  });
}

namespace {

Tensor room_for_numbers(at::IntArrayRef shape) {
  double bytes = sizeof(float);
  for (const int64_t n : shape) bytes *= static_cast<double>(n);
  check_memory(bytes, "random numbers for these sizes");
  return at::empty(shape, at::kFloat);
}

}  // namespace

Tensor Random::normal_tensor(at::IntArrayRef shape, uint64_t first) const {
  Tensor out = room_for_numbers(shape);
  fill_normal({out.data_ptr<float>(), static_cast<size_t>(out.numel())}, first);
  return out;
}

Tensor Random::uniform_tensor(at::IntArrayRef shape, uint64_t first) const {
  Tensor out = room_for_numbers(shape);
  fill_uniform({out.data_ptr<float>(), static_cast<size_t>(out.numel())}, first);
  return out;
}

}  // namespace foresee
