#include "planner/env/push_t/painter.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace foresee::planner {
namespace {

constexpr int kSide = 512;
constexpr int kWeightBits = 11, kOne = 1 << kWeightBits;
constexpr Rgb kWallColor{211, 211, 211}, kContactColor{231, 76, 60};
constexpr int kEdge = 2;         // half the width of an outline
constexpr int kAgentRim_px = 4;  // of the agent's disc in its own colour, around the lighter inside
const Vec2 kWalls[4][2] = {{{5, 506}, {5, 5}}, {{5, 5}, {506, 5}}, {{506, 5}, {506, 506}}, {{5, 506}, {506, 506}}};

Pixel pixel(const Vec2& p) { return {static_cast<int>(std::nearbyint(p[0])), static_cast<int>(std::nearbyint(p[1]))}; }

Rgb rgb(const std::vector<int64_t>& color) {
  return {static_cast<uint8_t>(color[0]), static_cast<uint8_t>(color[1]), static_cast<uint8_t>(color[2])};
}

Rgb lighter(const Rgb& color) {
  Rgb light;
  for (size_t c = 0; c < 3; ++c)
    light[c] = static_cast<uint8_t>(std::nearbyint(std::min(1.2f * static_cast<float>(color[c]), 255.0f)));
  return light;
}

std::vector<Pixel> corners(const Polygon& polygon) {
  std::vector<Pixel> pixels;
  for (const auto& corner : polygon) pixels.push_back(pixel(corner));
  pixels.push_back(pixels.front());
  return pixels;
}

/// A line, a quadrangle over it and a disc at either end; the quadrangle's corners are pygame's, on the wrong side of a
/// falling line.
void draw_fat_segment(Canvas& canvas, const Rgb& color, Pixel from, Pixel to) {
  draw_thick_line(canvas, color, from, to, 2 * kEdge);
  const double dx = std::abs(to.x - from.x), dy = std::abs(to.y - from.y);
  if (dx == 0 && dy == 0) return;
  const double scale = kEdge / std::sqrt(dx * dx + dy * dy);
  const int x = static_cast<int>(std::nearbyint(dy * scale)), y = static_cast<int>(std::nearbyint(dx * scale));
  fill_polygon(canvas, color,
               std::vector<Pixel>{
                   {from.x - x, from.y - y}, {from.x + x, from.y + y}, {to.x + x, to.y + y}, {to.x - x, to.y - y}});
  fill_circle(canvas, color, from, kEdge);
  fill_circle(canvas, color, to, kEdge);
}

void draw_walls(Canvas& canvas) {
  for (const auto& wall : kWalls) draw_fat_segment(canvas, kWallColor, pixel(wall[0]), pixel(wall[1]));
}

void draw_block(Canvas& canvas, const std::vector<Polygon>& parts, const Rgb& color, const Rgb& light) {
  for (const auto& part : parts) {
    const auto points = corners(part);
    fill_polygon(canvas, light, points);
    for (size_t i = 0; i + 1 < points.size(); ++i) draw_fat_segment(canvas, color, points[i], points[i + 1]);
  }
}

void include(PixelBox& box, const Pixel& p, int margin) {
  box.left = std::min(box.left, p.x - margin);
  box.top = std::min(box.top, p.y - margin);
  box.right = std::max(box.right, p.x + margin + 1);
  box.bottom = std::max(box.bottom, p.y + margin + 1);
}

PixelBox within(PixelBox box) {
  return {std::clamp(box.left, 0, kSide), std::clamp(box.top, 0, kSide), std::clamp(box.right, 0, kSide),
          std::clamp(box.bottom, 0, kSide)};
}

}  // namespace

PushTPainter::PushTPainter(const PushTConfig& config, const std::vector<Polygon>& goal, int64_t size)
    : agent_(rgb(config.agent_color)),
      agent_light_(lighter(agent_)),
      block_(rgb(config.block_color)),
      block_light_(lighter(block_)),
      background_(kSide),
      canvas_(kSide),
      picture_(static_cast<size_t>(3 * size * size)),
      size_(size) {
  // Canvases are RGB inside and out, and the walls go on top of everything: they are laid again where it matters.
  fill(background_, rgb(config.background_color));
  for (const auto& polygon : goal) fill_polygon(background_, rgb(config.goal_color), corners(polygon));
  draw_walls(background_);
  canvas_ = background_;

  const double scale = static_cast<double>(kSide) / static_cast<double>(size);
  for (int64_t i = 0; i < size; ++i) {
    auto place = static_cast<float>((static_cast<double>(i) + 0.5) * scale - 0.5);
    int first = static_cast<int>(std::floor(place));
    place -= static_cast<float>(first);
    if (first < 0) first = 0, place = 0;
    if (first >= kSide - 1) first = kSide - 1, place = 0;
    taps_.push_back({first, std::min(first + 1, kSide - 1), static_cast<int>(std::nearbyint((1.0f - place) * kOne)),
                     static_cast<int>(std::nearbyint(place * kOne))});
  }
  shrink({0, 0, kSide, kSide}, picture_.data());
}

// OpenCV's 8-bit bilinear resize: rows in 11-bit fixed point, then columns, dropping four bits, sixteen, and rounding
// the last two (resize.cpp, VResizeLinear).
void PushTPainter::shrink(const PixelBox& touched, uint8_t* out) const {
  const auto reaches = [](const Tap& tap, int begin, int end) { return tap.second >= begin && tap.first < end; };
  const auto first_of = [&](int begin, int end) {
    int64_t i = 0;
    while (i < size_ && !reaches(taps_[static_cast<size_t>(i)], begin, end)) ++i;
    return i;
  };
  const auto last_of = [&](int begin, int end) {
    int64_t i = size_;
    while (i > 0 && !reaches(taps_[static_cast<size_t>(i - 1)], begin, end)) --i;
    return i;
  };
  const int64_t left = first_of(touched.left, touched.right), right = last_of(touched.left, touched.right);
  const int64_t top = first_of(touched.top, touched.bottom), bottom = last_of(touched.top, touched.bottom);
  for (int64_t y = top; y < bottom; ++y) {
    const Tap& row = taps_[static_cast<size_t>(y)];
    const uint8_t *above = canvas_.at(0, row.first), *below = canvas_.at(0, row.second);
    for (int64_t x = left; x < right; ++x) {
      const Tap& column = taps_[static_cast<size_t>(x)];
      for (int c = 0; c < 3; ++c) {
        const int a = 3 * column.first + c, b = 3 * column.second + c;
        const int upper = above[a] * column.first_weight + above[b] * column.second_weight;
        const int lower = below[a] * column.first_weight + below[b] * column.second_weight;
        const int sum = ((row.first_weight * (upper >> 4)) >> 16) + ((row.second_weight * (lower >> 4)) >> 16);
        out[(c * size_ + y) * size_ + x] = static_cast<uint8_t>((sum + 2) >> 2);
      }
    }
  }
}

void PushTPainter::paint(const PushTPhysics& physics, double agent_radius, uint8_t* out) {
  std::memcpy(out, picture_.data(), picture_.size());
  const auto parts = physics.parts();
  const Pixel agent = pixel(physics.agent());
  const int radius = static_cast<int>(std::nearbyint(agent_radius));
  PixelBox block_box{kSide, kSide, 0, 0}, agent_box{kSide, kSide, 0, 0};
  for (const auto& part : parts)
    for (const auto& corner : part) include(block_box, pixel(corner), 2 * kEdge);
  include(agent_box, agent, radius);
  const auto contacts = physics.contacts();
  for (const auto& contact : contacts)
    for (const auto& end : contact) include(block_box, pixel(end), 1);

  draw_block(canvas_, parts, block_, block_light_);
  fill_circle(canvas_, agent_, agent, radius);
  fill_circle(canvas_, agent_light_, agent, static_cast<int>(std::nearbyint(agent_radius - kAgentRim_px)));
  const PixelBox boxes[] = {within(block_box), within(agent_box)};
  constexpr int kWallReach = 5 + 2 * kEdge;
  if (std::any_of(std::begin(boxes), std::end(boxes), [](const PixelBox& box) {
        return box.left < kWallReach || box.top < kWallReach || box.right > kSide - kWallReach ||
               box.bottom > kSide - kWallReach;
      }))
    draw_walls(canvas_);
  for (const auto& contact : contacts) draw_smooth_line(canvas_, kContactColor, pixel(contact[0]), pixel(contact[1]));

  for (const PixelBox& box : boxes)
    if (!box.empty()) shrink(box, out);
  for (const PixelBox& box : boxes)
    for (int y = box.top; y < box.bottom && !box.empty(); ++y)
      std::memcpy(canvas_.at(box.left, y), background_.at(box.left, y),
                  static_cast<size_t>(3 * (box.right - box.left)));
}

}  // namespace foresee::planner
