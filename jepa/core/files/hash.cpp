#include "jepa/core/files/hash.h"

#include <algorithm>
#include <cstring>

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

}  // namespace foresee
