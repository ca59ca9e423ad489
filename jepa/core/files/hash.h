#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

namespace foresee {

// FNV-1a: the same on every machine and for ever, since files and splits hold its values.

/// What a hash begins with.
inline constexpr uint64_t kHashSeed = 14695981039346656037u;

/// The hash of a text, byte by byte.
uint64_t hash_bytes(std::string_view text, uint64_t hash = kHashSeed);

/// The hash of many bytes, 8 at a time; what is left at the end is filled up with zeros. Not hash_bytes.
uint64_t hash_words(const void* data, size_t bytes, uint64_t hash = kHashSeed);

/// hash_bytes of 64 KiB at the begin, the middle and the end of a file of `bytes` bytes: enough to know a file again.
/// Nothing where it cannot be read.
std::optional<uint64_t> hash_samples(const std::filesystem::path& path, int64_t bytes, uint64_t hash);

}  // namespace foresee
