#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee {

/// One picture of a film and what is written below it.
struct FilmCell {
  Tensor picture{};  // uint8 [3, H, W], RGB; undefined: the place stays empty
  std::string text{};
};

/// One moment: a cell for each row.
struct FilmMoment {
  std::string title;
  std::vector<FilmCell> cells;
  bool marked = false;  // framed in red
};

/// Moments of time, each seen in the same ways.
struct Film {
  std::vector<std::string> titles;  // lines above all
  std::vector<std::string> rows;    // what each row shows
  std::vector<FilmMoment> moments;  // every one with as many cells as there are rows
};

/// Draws a film as a strip: rows below each other, time from left to right. Text that is too long is cut.
/// @param size  pixels, side of the square that each picture is fitted into. @returns uint8 [3, H, W], RGB.
Tensor draw_film(const Film& film, int64_t size = 112);

/// Draws one moment of a film, its rows beside each other: a frame of a video.
/// @returns uint8 [3, H, W], RGB, with even sides that depend on size, rows and titles alone.
Tensor draw_moment(const Film& film, size_t moment, int64_t size = 224);

}  // namespace foresee
