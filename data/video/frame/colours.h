#pragma once

#include <string_view>
#include <utility>

namespace foresee::data {

/// Whose arithmetic turns the numbers of a video into red, green and blue.
enum class ColourConversion {
  kExact,    // the colour standard's own formulas, rounded
  kSwscale,  // the fast path of FFmpeg's swscale, as PyAV, torchcodec and decord use it: what published weights saw.
             // Mostly one level of 255 darker
};
inline constexpr std::pair<ColourConversion, std::string_view> kColourConversionNames[] = {
    {ColourConversion::kExact, "exact"}, {ColourConversion::kSwscale, "swscale"}};

}  // namespace foresee::data
