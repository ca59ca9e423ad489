#include "jepa/io/safetensors.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>

#include "jepa/core/error.h"
#include "jepa/core/files/json.h"
#include "jepa/io/mapped_file.h"
#include "jepa/io/safetensors_format.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

using safetensors::kMaxHeaderBytes, safetensors::kPrefixBytes;

/// What the first bytes look like, for a file that is no safetensors file.
std::string_view likely_cause(std::string_view bytes) {
  if (bytes.starts_with("version https://git-lfs")) return "; it is a Git LFS pointer: fetch the file itself";
  if (bytes.starts_with("PK\x03\x04")) return "; it looks like a PyTorch .pt file (see `foresee inspect`)";
  return "";
}

/// JSON in which a repeated key is an error: which of the two a reader takes would be its own choice.
nlohmann::json parse_header(const std::string& where, std::string_view text) {
  constexpr JsonLimits kLimits{.depth = 8, .values = 2'000'000, .bytes = kMaxHeaderBytes};  // 200,000 tensors
  try {
    check_json_limits(text, where + ": the header", kLimits);
  } catch (const DataError& error) {
    fail<CheckpointError>("{}", error.what());
  }
  std::vector<std::set<std::string>> keys;
  using Event = nlohmann::json::parse_event_t;
  const auto check = [&](int, Event event, nlohmann::json& parsed) {
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(parsed.get<std::string>()).second)
      fail<CheckpointError>("{}: the header has the key '{}' twice", where, parsed.get<std::string>());
    return true;
  };
  try {
    auto header = nlohmann::json::parse(text, check);
    if (!header.is_object())
      fail<CheckpointError>("{}: expected an object as header, got {}", where, header.type_name());
    return header;
  } catch (const nlohmann::json::exception&) {
    fail<CheckpointError>("{}: not a safetensors file: the header is not JSON", where);
  }
}

/// [a, b, ...] of whole numbers from 0 to 2^63-1, or nothing.
std::optional<std::vector<int64_t>> sizes_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return std::nullopt;
  std::vector<int64_t> sizes;
  for (const auto& element : *found) {
    if (!element.is_number_unsigned() || element.get<uint64_t>() > std::numeric_limits<int64_t>::max())
      return std::nullopt;
    sizes.push_back(element.get<int64_t>());
  }
  return sizes;
}

/// What a header says of one tensor, before its dtype is looked up.
using Claim = SafetensorsFile::Unread;

/// One entry of the header.
Claim parse_claim(const std::string& where, const nlohmann::json& value) {
  if (!value.is_object()) fail<CheckpointError>("{}: expected an object, got {}", where, value.type_name());
  const auto dtype = value.value("dtype", nlohmann::json());
  if (!dtype.is_string()) fail<CheckpointError>("{}: expected a string as dtype, got {}", where, dtype.dump());
  const auto shape = sizes_of(value, "shape"), offsets = sizes_of(value, "data_offsets");
  if (!shape) fail<CheckpointError>("{}: expected a list of sizes as shape", where);
  if (!offsets || offsets->size() != 2 || (*offsets)[0] > (*offsets)[1])
    fail<CheckpointError>("{}: expected data_offsets [begin, end] with begin <= end", where);
  return {dtype.get<std::string>(), *shape, static_cast<size_t>((*offsets)[0]), static_cast<size_t>((*offsets)[1])};
}

/// The entry of a dtype that is known, checked against itself: the byte range is what shape and dtype give.
TensorEntry checked_entry(const std::string& where, const Claim& claim, at::ScalarType dtype) {
  int64_t bytes = static_cast<int64_t>(c10::elementSize(dtype)), extent = bytes;
  for (const int64_t size : claim.shape) {
    // The extent leaves sizes of 0 out: strides are products of sizes too, and must not overflow either.
    if (__builtin_mul_overflow(extent, std::max<int64_t>(size, 1), &extent))
      fail<CheckpointError>("{}: the shape is too large", where);
    bytes *= size;
  }
  if (claim.end - claim.begin != static_cast<size_t>(bytes))
    fail<CheckpointError>("{}: shape and dtype give {} bytes, data_offsets give {}", where, bytes,
                          claim.end - claim.begin);
  return {dtype, claim.shape, claim.begin, claim.end};
}

/// The tensors lie one behind the other from the first byte to the last, as the format demands.
void check_layout(const std::string& where, const std::vector<std::pair<std::string, Claim>>& claims,
                  size_t data_bytes) {
  std::vector<std::pair<const std::string*, const Claim*>> order;
  for (const auto& [name, claim] : claims) order.emplace_back(&name, &claim);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second->begin, a.second->end) < std::pair(b.second->begin, b.second->end);
  });
  size_t expected = 0;
  for (const auto& [name, entry] : order) {
    if (entry->end > data_bytes)
      fail<CheckpointError>("{}: '{}' ends at byte {} of {}: the file is truncated", where, *name, entry->end,
                            data_bytes);
    if (entry->begin != expected)
      fail<CheckpointError>("{}: '{}' {} (begins at byte {}, expected {})", where, *name,
                            entry->begin < expected ? "overlaps another tensor" : "leaves a hole in front of it",
                            entry->begin, expected);
    expected = entry->end;
  }
  if (expected != data_bytes)
    fail<CheckpointError>("{}: {} bytes behind the last tensor", where, data_bytes - expected);
}

}  // namespace

SafetensorsFile::SafetensorsFile(const fs::path& path) : path_(path) {
  const std::string where = path.string();
  const MappedFile file(path, "a safetensors file");
  const std::string_view bytes = file.bytes();
  const size_t size = bytes.size();
  if (size < kPrefixBytes)
    fail<CheckpointError>("{}: not a safetensors file: {} bytes, expected at least {}", where, size, kPrefixBytes);
  mapping_ = file.mapping();

  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), kPrefixBytes);
  if (header_bytes > kMaxHeaderBytes)
    fail<CheckpointError>("{}: not a safetensors file: a header of {} bytes, expected at most {}{}", where,
                          header_bytes, kMaxHeaderBytes, likely_cause(bytes));
  if (header_bytes > size - kPrefixBytes)
    fail<CheckpointError>("{}: a header of {} bytes in a file of {}: truncated, or not a safetensors file{}", where,
                          header_bytes, size, likely_cause(bytes));

  const auto header = parse_header(where, bytes.substr(kPrefixBytes, header_bytes));
  std::vector<std::pair<std::string, Claim>> claims;
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") {
      const std::string place = fmt::format("{}: tensor '{}'", where, name);
      const Claim& claim = claims.emplace_back(name, parse_claim(place, value)).second;
      if (const auto dtype = safetensors::dtype_from_name(claim.dtype))
        entries_.emplace(name, checked_entry(place, claim, *dtype));
      else
        unread_.emplace(name, claim);
      continue;
    }
    if (!value.is_object()) fail<CheckpointError>("{}: expected an object as __metadata__", where);
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) fail<CheckpointError>("{}: expected a string as __metadata__ '{}'", where, key);
      metadata_.emplace(key, text.get<std::string>());
    }
  }
  check_layout(where, claims, size - kPrefixBytes - header_bytes);
  data_ = bytes.data() + kPrefixBytes + header_bytes;
}

Tensor SafetensorsFile::tensor(const std::string& name) const {
  const auto found = entries_.find(name);
  if (const auto unread = unread_.find(name); unread != unread_.end())
    fail<CheckpointError>("{}: tensor '{}': dtype {} is not read", path_.string(), name, unread->second.dtype);
  if (found == entries_.end())
    fail<CheckpointError>("{}: no tensor '{}' among its {}", path_.string(), name, entries_.size());
  const TensorEntry& entry = found->second;
  const auto options = at::TensorOptions().dtype(entry.dtype);
  if (entry.begin == entry.end) return at::empty(entry.shape, options);

  const char* begin = data_ + entry.begin;
  const size_t bytes = entry.end - entry.begin;
  if (entry.dtype == at::kBool &&
      std::any_of(begin, begin + bytes, [](char byte) { return static_cast<unsigned char>(byte) > 1; }))
    fail<CheckpointError>("{}: tensor '{}' is BOOL but has bytes other than 0 and 1", path_.string(), name);
  if (reinterpret_cast<uintptr_t>(begin) % c10::elementSize(entry.dtype) != 0) {  // writers before padded headers
    Tensor copy = at::empty(entry.shape, options);
    std::memcpy(copy.data_ptr(), begin, bytes);
    return copy;
  }
  return at::from_blob(
      const_cast<char*>(begin), entry.shape, [keep = mapping_](void*) {}, options);
}

TensorMap SafetensorsFile::tensors() const {
  TensorMap tensors;
  for (const auto& [name, claim] : unread_) tensor(name);  // says why not
  for (const auto& [name, entry] : entries_) tensors.emplace(name, tensor(name));
  return tensors;
}

TensorMap load_safetensors(const fs::path& path) {
  TensorMap tensors = SafetensorsFile(path).tensors();
  for (auto& [name, tensor] : tensors) tensor = tensor.clone();
  return tensors;
}

}  // namespace foresee
