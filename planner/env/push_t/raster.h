#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace foresee::planner {

// Note [Raster]
// Push-T's pictures are drawn by pygame in whole pixels, and a world model that was trained on them sees every pixel.
// The functions here cover the same pixels as pygame 2.6's draw module: polygons by scan lines that include their
// border, thick lines as Bresenham's with a run of pixels across, discs of even diameter. What leaves the canvas is cut
// off.

using Rgb = std::array<uint8_t, 3>;

/// A pixel's place: x right, y down.
struct Pixel {
  int x = 0, y = 0;
};

/// A rectangle of pixels, [left, right) x [top, bottom).
struct PixelBox {
  int left = 0, top = 0, right = 0, bottom = 0;
  bool empty() const { return left >= right || top >= bottom; }
};

/// A square picture of RGB bytes, row by row.
struct Canvas {
  explicit Canvas(int side) : size(side), pixels(static_cast<size_t>(3 * side * side)) {}

  uint8_t* at(int x, int y) { return pixels.data() + 3 * (static_cast<size_t>(y) * static_cast<size_t>(size) + x); }
  const uint8_t* at(int x, int y) const {
    return pixels.data() + 3 * (static_cast<size_t>(y) * static_cast<size_t>(size) + x);
  }

  int size;
  std::vector<uint8_t> pixels;
};

void fill(Canvas& canvas, Rgb color);
/// The inside and the border of a polygon, even-odd.
void fill_polygon(Canvas& canvas, Rgb color, std::span<const Pixel> corners);
/// A line of `width` >= 2 pixels, flat at its ends.
void draw_thick_line(Canvas& canvas, Rgb color, Pixel from, Pixel to, int width);
/// A disc of diameter 2 radius: pixels x - radius .. x + radius - 1.
void fill_circle(Canvas& canvas, Rgb color, Pixel center, int radius);
/// A line one pixel wide that shares its colour between the two pixels it lies on (Wu 1991), over what is there.
void draw_smooth_line(Canvas& canvas, Rgb color, Pixel from, Pixel to);

}  // namespace foresee::planner
