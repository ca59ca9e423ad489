#include "jepa/core/files/hash.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>

namespace foresee {
namespace {

constexpr uint64_t kHashPrime = 1099511628211u;

}  // namespace

uint64_t hash_bytes(std::string_view text, uint64_t hash) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * kHashPrime;
  return hash;
}

uint64_t hash_words(const void* data, size_t bytes, uint64_t hash) {
  const auto* at = static_cast<const unsigned char*>(data);
  for (size_t i = 0; i < bytes; i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, at + i, std::min<size_t>(8, bytes - i));
    hash = (hash ^ word) * kHashPrime;
  }
  return hash;
}

std::optional<uint64_t> hash_samples(const std::filesystem::path& path, int64_t bytes, uint64_t hash) {
  constexpr int64_t kSample = 64 << 10;  // bytes
  std::ifstream in(path, std::ios::binary);
  std::string sample(kSample, 0);
  for (const int64_t begin : {int64_t{0}, bytes / 2, std::max<int64_t>(0, bytes - kSample)}) {
    in.clear();
    in.seekg(begin);
    in.read(sample.data(), kSample);
    hash = hash_bytes({sample.data(), static_cast<size_t>(in.gcount())}, hash);
  }
  if (in.bad()) return std::nullopt;
  return hash;
}

}  // namespace foresee
