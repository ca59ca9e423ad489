#pragma once

#include <torch/types.h>

#include <bit>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace foresee::safetensors {

// What the reader and the writer of safetensors share: https://github.com/huggingface/safetensors

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

inline constexpr size_t kMaxHeaderBytes = 100'000'000;  // as in the reference implementation
inline constexpr size_t kPrefixBytes = 8;               // the header's size, in front of it

inline constexpr std::pair<std::string_view, at::ScalarType> kDtypes[] = {
    {"BOOL", at::kBool},
    {"U8", at::kByte},
    {"I8", at::kChar},
    {"I16", at::kShort},
    {"U16", at::kUInt16},
    {"I32", at::kInt},
    {"U32", at::kUInt32},
    {"I64", at::kLong},
    {"U64", at::kUInt64},
    {"F8_E4M3", at::kFloat8_e4m3fn},
    {"F8_E5M2", at::kFloat8_e5m2},
    {"F16", at::kHalf},
    {"BF16", at::kBFloat16},
    {"F32", at::kFloat},
    {"F64", at::kDouble},
};

/// The dtype of a name in a header; nothing where LibTorch has none.
inline std::optional<at::ScalarType> dtype_from_name(std::string_view name) {
  for (const auto& [text, dtype] : kDtypes)
    if (text == name) return dtype;
  return std::nullopt;
}

/// The inverse.
inline std::optional<std::string_view> dtype_name(at::ScalarType dtype) {
  for (const auto& [text, known] : kDtypes)
    if (known == dtype) return text;
  return std::nullopt;
}

}  // namespace foresee::safetensors
