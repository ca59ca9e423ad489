#include "planner/env/push_t/raster.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace foresee::planner {
namespace {

/// Pixels first .. last of a line, both included, in either order.
void fill_row(Canvas& canvas, const Rgb& color, int first, int y, int last) {
  if (y < 0 || y >= canvas.size) return;
  if (first > last) std::swap(first, last);
  first = std::max(first, 0);
  last = std::min(last, canvas.size - 1);
  uint8_t* pixel = canvas.at(first, y);
  for (int x = first; x <= last; ++x, pixel += 3) std::copy(color.begin(), color.end(), pixel);
}

void fill_column(Canvas& canvas, const Rgb& color, int x, int first, int last) {
  if (x < 0 || x >= canvas.size) return;
  for (int y = std::max(first, 0); y <= std::min(last, canvas.size - 1); ++y)
    std::copy(color.begin(), color.end(), canvas.at(x, y));
}

/// Lays a share of the colour over a pixel.
void blend(Canvas& canvas, const Rgb& color, int x, int y, float share) {
  if (x < 0 || y < 0 || x >= canvas.size || y >= canvas.size) return;
  uint8_t* pixel = canvas.at(x, y);
  for (size_t c = 0; c < 3; ++c)
    pixel[c] =
        static_cast<uint8_t>(share * static_cast<float>(color[c]) + (1.0f - share) * static_cast<float>(pixel[c]));
}

}  // namespace

void fill(Canvas& canvas, Rgb color) {
  for (int y = 0; y < canvas.size; ++y) fill_row(canvas, color, 0, y, canvas.size - 1);
}

void fill_polygon(Canvas& canvas, Rgb color, std::span<const Pixel> corners) {
  if (corners.empty()) return;
  const auto [lowest, highest] =
      std::minmax_element(corners.begin(), corners.end(), [](const Pixel& p, const Pixel& q) { return p.y < q.y; });
  const int top = lowest->y, bottom = highest->y;
  if (top == bottom) {
    const auto [left, right] =
        std::minmax_element(corners.begin(), corners.end(), [](const Pixel& p, const Pixel& q) { return p.x < q.x; });
    fill_row(canvas, color, left->x, top, right->x);
    return;
  }
  std::vector<int> crossings;
  for (int y = top; y <= bottom; ++y) {
    crossings.clear();
    for (size_t i = 0; i < corners.size(); ++i) {
      Pixel upper = corners[i == 0 ? corners.size() - 1 : i - 1], lower = corners[i];
      if (upper.y == lower.y) continue;
      if (upper.y > lower.y) std::swap(upper, lower);
      if (!((y >= upper.y && y < lower.y) || (y == bottom && lower.y == bottom))) continue;
      const float along =
          static_cast<float>((y - upper.y) * (lower.x - upper.x)) / static_cast<float>(lower.y - upper.y);
      crossings.push_back(static_cast<int>(along + static_cast<float>(upper.x)));  // towards zero, as pygame cuts it
    }
    std::sort(crossings.begin(), crossings.end());
    for (size_t i = 0; i + 1 < crossings.size(); i += 2) fill_row(canvas, color, crossings[i], y, crossings[i + 1]);
  }
  // A level edge that ends the inside from above belongs to the border too.
  for (size_t i = 0; i < corners.size(); ++i) {
    const Pixel &before = corners[i == 0 ? corners.size() - 1 : i - 1], &here = corners[i];
    if (here.y == before.y && top < here.y && here.y < bottom) fill_row(canvas, color, here.x, here.y, before.x);
  }
}

void draw_thick_line(Canvas& canvas, Rgb color, Pixel from, Pixel to, int width) {
  const int dx = std::abs(to.x - from.x), dy = std::abs(to.y - from.y);
  const int step_x = from.x < to.x ? 1 : -1, step_y = from.y < to.y ? 1 : -1;
  const int after = width / 2, before = after - 1 + width % 2;  // pixels on either side of the line itself
  const bool steep = dx <= dy;
  int error = (dx > dy ? dx : -dy) / 2;
  for (Pixel p = from;;) {
    if (steep)
      fill_row(canvas, color, p.x - before, p.y, p.x + after);
    else
      fill_column(canvas, color, p.x, p.y - before, p.y + after);
    if (steep ? p.y == to.y : p.x == to.x) break;
    const int now = error;
    if (now > -dx) {
      error -= dy;
      p.x += step_x;
    }
    if (now < dy) {
      error += dx;
      p.y += step_y;
    }
  }
}

void fill_circle(Canvas& canvas, Rgb color, Pixel center, int radius) {
  // Bresenham's circle; an octant's (x, y) gives rows at +-x and +-y.
  int f = 1 - radius, x = 0, y = radius, grow_x = 0, grow_y = -2 * radius;
  while (x < y) {
    if (f >= 0) {
      --y;
      grow_y += 2;
      f += grow_y;
    }
    ++x;
    grow_x += 2;
    f += grow_x + 1;
    if (f >= 0) {
      fill_row(canvas, color, center.x - x, center.y + y - 1, center.x + x - 1);
      fill_row(canvas, color, center.x - x, center.y - y, center.x + x - 1);
    }
    fill_row(canvas, color, center.x - y, center.y + x - 1, center.x + y - 1);
    fill_row(canvas, color, center.x - y, center.y - x, center.x + y - 1);
  }
}

void draw_smooth_line(Canvas& canvas, Rgb color, Pixel from, Pixel to) {
  int dx = to.x - from.x, dy = to.y - from.y;
  if (dx == 0 && dy == 0) return blend(canvas, color, from.x, from.y, 1.0f);
  const bool steep = std::abs(dx) < std::abs(dy);
  if (steep) {
    std::swap(from.x, from.y);
    std::swap(to.x, to.y);
    std::swap(dx, dy);
  }
  if (dx < 0) {
    std::swap(from, to);
    dy = -dy;
    dx = -dx;
  }
  const float gradient = static_cast<float>(dy) / static_cast<float>(dx);
  float y = static_cast<float>(from.y);
  for (int x = from.x; x <= to.x; ++x, y += gradient) {
    if (x == to.x) y = static_cast<float>(to.y);
    const int row = static_cast<int>(std::floor(y));
    const float below = y - static_cast<float>(row);
    const auto put = [&](int r, float share) {
      if (steep)
        blend(canvas, color, r, x, share);
      else
        blend(canvas, color, x, r, share);
    };
    put(row, 1.0f - below);
    if (below > 0) put(row + 1, below);
  }
}

}  // namespace foresee::planner
