#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/episode/episode.h"

namespace foresee::data {

/// How pictures that are not uint8 [H, W, 3] are stored, and how they become that.
struct PictureForm {
  enum class Values {
    kBytes,    // 0 .. 255
    kUnit,     // floats 0 .. 1
    kLevels,   // floats 0 .. 255
    kUnknown,  // floats; their values tell
  };
  Values values = Values::kBytes;
  int64_t channels = 3;         // 1, 3 or 4 (the fourth is dropped)
  bool channel_axis = true;     // false: grey [H, W]
  bool channels_first = false;  // [C, H, W]

  /// The form of floats, from some of them. @param reason  set where they are no pictures.
  PictureForm seen(const Tensor& rows, std::string& reason) const;
  /// [H, W, 3].
  std::vector<int64_t> rgb_shape(const std::vector<int64_t>& shape) const;
  /// [n, ...] as stored -> uint8 [n, H, W, 3].
  Tensor rgb(const Tensor& rows) const;
  /// What is done, in words.
  std::string text(const ColumnInfo& stored) const;
};

/// Whether a column of this name is to hold pictures: "pixels", "pixels_top", "image", "front_rgb", ...
bool is_picture_name(const std::string& name);

/// The form of a column with such a name. @param reason  set where it looks like pictures and cannot be used (16 bit).
/// @returns nothing where it is no column of pictures, or cannot be used.
std::optional<PictureForm> picture_form(const ColumnInfo& column, std::string& reason);

/// Pictures [H, W, 3] of one size, as one tensor. @param where  what messages call the first of them.
/// @throws DataError where one has another size than the first.
Tensor stack_pictures(std::span<const Tensor> pictures, const std::string& where);

}  // namespace foresee::data
