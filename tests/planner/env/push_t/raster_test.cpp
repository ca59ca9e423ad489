// Claims: the raster functions cover the pixels that pygame 2.6.1 covers (rows recorded from it), and nothing outside
// the canvas; areas of polygons are right.
#include "planner/env/push_t/raster.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <optional>

#include "planner/env/push_t/polygon.h"

namespace foresee::planner {
namespace {

constexpr Rgb kInk{255, 0, 0};

bool inked(const Canvas& canvas, int x, int y) { return canvas.at(x, y)[0] == 255; }

/// First and last inked pixel of a row, and whether all between are.
struct Span {
  int first, last;
  bool operator==(const Span&) const = default;
};
std::optional<Span> row(const Canvas& canvas, int y) {
  std::optional<Span> span;
  int count = 0;
  for (int x = 0; x < canvas.size; ++x) {
    if (!inked(canvas, x, y)) continue;
    span = Span{span ? span->first : x, x};
    ++count;
  }
  if (span && count != span->last - span->first + 1) ADD_FAILURE() << "row " << y << " has gaps";
  return span;
}

int ink(const Canvas& canvas) {
  int count = 0;
  for (int y = 0; y < canvas.size; ++y)
    for (int x = 0; x < canvas.size; ++x) count += inked(canvas, x, y);
  return count;
}

TEST(Raster, PolygonCoversPygamesPixels) {
  Canvas canvas(48);
  fill_polygon(canvas, kInk, std::vector<Pixel>{{10, 10}, {40, 17}, {35, 40}, {5, 33}});
  EXPECT_EQ(row(canvas, 9), std::nullopt);
  EXPECT_EQ(row(canvas, 10), (Span{10, 10}));
  EXPECT_EQ(row(canvas, 11), (Span{9, 14}));
  EXPECT_EQ(row(canvas, 16), (Span{8, 35}));
  EXPECT_EQ(row(canvas, 17), (Span{8, 40}));
  EXPECT_EQ(row(canvas, 33), (Span{5, 36}));
  EXPECT_EQ(row(canvas, 34), (Span{9, 36}));
  EXPECT_EQ(row(canvas, 40), (Span{35, 35}));
  EXPECT_EQ(row(canvas, 41), std::nullopt);
}

TEST(Raster, CircleHasEvenDiameter) {
  Canvas canvas(64);
  fill_circle(canvas, kInk, {30, 30}, 15);
  EXPECT_EQ(row(canvas, 14), std::nullopt);
  EXPECT_EQ(row(canvas, 29), (Span{15, 44}));
  EXPECT_EQ(row(canvas, 30), (Span{15, 44}));
  EXPECT_EQ(row(canvas, 45), std::nullopt);
  EXPECT_NEAR(ink(canvas), std::numbers::pi * 15 * 15, 30);
}

TEST(Raster, ThickLineIsAsWideAsAskedAndFlatAtItsEnds) {
  Canvas level(64), steep(64);
  draw_thick_line(level, kInk, {10, 20}, {40, 20}, 4);
  EXPECT_EQ(ink(level), 31 * 4);
  EXPECT_EQ(row(level, 19), (Span{10, 40}));
  EXPECT_EQ(row(level, 22), (Span{10, 40}));
  draw_thick_line(steep, kInk, {20, 40}, {20, 10}, 4);
  EXPECT_EQ(row(steep, 10), (Span{19, 22}));
}

TEST(Raster, SmoothLineSharesItsColour) {
  Canvas canvas(32);
  draw_smooth_line(canvas, {200, 200, 200}, {4, 4}, {12, 8});
  for (int x = 4; x <= 12; ++x) {
    int sum = 0;
    for (int y = 0; y < 32; ++y) sum += canvas.at(x, y)[0];
    EXPECT_NEAR(sum, 200, 2) << x;
  }
}

TEST(Raster, NothingIsWrittenOutside) {
  Canvas canvas(16);  // the address sanitizer watches, too
  for (const int far : {-1000, -3, 14, 40}) {
    fill_polygon(canvas, kInk, std::vector<Pixel>{{far, far}, {far + 30, far + 2}, {far + 5, far + 30}});
    fill_circle(canvas, kInk, {far, 8}, 9);
    draw_thick_line(canvas, kInk, {far, 3}, {8, far}, 4);
    draw_smooth_line(canvas, kInk, {far, 3}, {8, far});
  }
  EXPECT_GT(ink(canvas), 0);
}

TEST(Polygon, AreasAreExact) {
  const Polygon square{{0, 0}, {2, 0}, {2, 2}, {0, 2}};
  const Polygon backwards{{1, 1}, {1, 3}, {3, 3}, {3, 1}};
  EXPECT_DOUBLE_EQ(polygon_area(square), 4);
  EXPECT_DOUBLE_EQ(intersection_area(square, backwards), 1);
  EXPECT_DOUBLE_EQ(intersection_area(backwards, square), 1);
  EXPECT_DOUBLE_EQ(intersection_area(square, {{5, 5}, {6, 5}, {6, 6}}), 0);
  // A square turned by 45 degrees about its middle: a regular octagon is shared.
  const Polygon middle{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};
  EXPECT_NEAR(intersection_area(middle, placed(middle, {0, 0}, std::numbers::pi / 4)), 8 * (std::sqrt(2.0) - 1), 1e-12);
}

}  // namespace
}  // namespace foresee::planner
