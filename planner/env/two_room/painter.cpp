#include "planner/env/two_room/painter.h"

#include <algorithm>
#include <cstring>

#include "jepa/core/error.h"
#include "planner/env/two_room/dot_kernel.h"

namespace foresee::planner {
namespace {

constexpr int64_t kSize = TwoRoom::kSize, kPlane = kSize * kSize;
constexpr int64_t kBorderEnd = 14, kBorderLine = 4;

// The next whole number of blocks of data::resize_line.
constexpr int64_t padded(int64_t length) { return (length + 15) / 16 * 16; }

// Walls, doors and border, [3, y, x].
std::vector<uint8_t> draw_rooms(const TwoRoomConfig& config) {
  std::vector<uint8_t> picture(3 * kPlane);
  const int64_t center = static_cast<int64_t>(TwoRoom::kWallCenter), half = config.wall_thickness / 2;
  const auto on_border = [](int64_t i) {
    return (i >= kBorderEnd - kBorderLine && i < kBorderEnd) ||
           (i >= kSize - kBorderEnd && i < kSize - kBorderEnd + kBorderLine);
  };
  for (int64_t y = 0; y < kSize; ++y) {
    for (int64_t x = 0; x < kSize; ++x) {
      const int64_t across = config.wall_axis == WallAxis::kVertical ? x : y, along = x + y - across;
      const bool stripe = across >= center - half && across <= center + half;
      bool door = false;
      for (size_t i = 0; i < static_cast<size_t>(config.doors); ++i)
        door |= stripe && std::abs(along - config.door_position[i]) <= config.door_size[i];
      const auto* color = &config.background_color;
      if (door) color = &config.door_color;
      if ((stripe && !door) || on_border(x) || on_border(y)) color = &config.wall_color;
      for (int64_t c = 0; c < 3; ++c)
        picture[static_cast<size_t>(c * kPlane + y * kSize + x)] =
            static_cast<uint8_t>((*color)[static_cast<size_t>(c)]);
    }
  }
  return picture;
}

Dot dot_at(float slow, float fast, double radius, const std::vector<int64_t>& color) {
  Dot dot{.size = kSize, .slow = slow, .fast = fast, .radius = static_cast<float>(radius), .color = {}};
  for (size_t c = 0; c < 3; ++c) dot.color[c] = static_cast<float>(color[c]);
  return dot;
}

// Draws over a whole picture of kSize lines.
void draw(const Dot& dot, uint8_t* picture) {
  const DotBox box = dot.box();
  draw_dot(dot, box, picture + box.slow_begin * kSize + box.fast_begin, kPlane, kSize);
}

}  // namespace

TwoRoomPainter::TwoRoomPainter(const TwoRoomConfig& config, TwoRoom::Point target)
    : radius_(static_cast<float>(config.agent_radius)), rows_(draw_rooms(config)), columns_(3 * kPlane) {
  for (size_t c = 0; c < 3; ++c) color_[c] = static_cast<float>(config.agent_color[c]);
  if (config.render_target) draw(dot_at(target[1], target[0], config.target_radius, config.target_color), rows_.data());
  for (int64_t c = 0; c < 3; ++c)
    for (int64_t y = 0; y < kSize; ++y)
      for (int64_t x = 0; x < kSize; ++x)
        columns_[static_cast<size_t>(c * kPlane + x * kSize + y)] =
            rows_[static_cast<size_t>(c * kPlane + y * kSize + x)];
}

void TwoRoomPainter::paint(TwoRoom::Point agent, int64_t size, uint8_t* out) const {
  FORESEE_CHECK(size > 0, "expected a positive picture size, got {}", size);
  if (size != kSize) return paint_resized(resized(size), agent, out);
  std::memcpy(out, rows_.data(), rows_.size());
  draw({kSize, agent[1], agent[0], radius_, {color_[0], color_[1], color_[2]}}, out);
}

const TwoRoomPainter::Resized& TwoRoomPainter::resized(int64_t size) const {
  const std::lock_guard lock(mutex_);
  auto& entry = sizes_[size];
  if (entry) return *entry;
  auto small = std::make_unique<Resized>();
  small->axis = data::pillow_bilinear_axis(kSize, size);
  const auto& axis = small->axis;
  small->rows.resize(static_cast<size_t>(3 * kSize * size));
  small->picture.resize(static_cast<size_t>(3 * size * size));
  data::resize_rows(axis, rows_.data(), 3 * kSize, /*channels=*/1, small->rows.data());
  for (int64_t c = 0; c < 3; ++c)
    for (int64_t y = 0; y < size; ++y)
      data::resize_line(axis, y, small->rows.data() + (c * kSize + axis.first[static_cast<size_t>(y)]) * size, size,
                        size, small->picture.data() + (c * size + y) * size);
  small->first_output.assign(kSize, size);
  small->last_output.assign(kSize, -1);
  for (int64_t o = 0; o < size; ++o)
    for (int64_t k = 0; k < axis.count[static_cast<size_t>(o)]; ++k) {
      const auto input = static_cast<size_t>(axis.first[static_cast<size_t>(o)] + k);
      small->first_output[input] = std::min(small->first_output[input], o);
      small->last_output[input] = std::max(small->last_output[input], o);
    }
  entry = std::move(small);
  return *entry;
}

void TwoRoomPainter::paint_resized(const Resized& small, TwoRoom::Point agent, uint8_t* out) const {
  const auto& axis = small.axis;
  const int64_t size = axis.out;
  std::memcpy(out, small.picture.data(), small.picture.size());

  const Dot dot{kSize, agent[0], agent[1], radius_, {color_[0], color_[1], color_[2]}};  // column by column
  const DotBox box = dot.box();
  if (box.slow_begin >= box.slow_end || box.fast_begin >= box.fast_end) return;

  // Outputs that the box reaches, and the inputs that those need.
  const auto reach = [&](int64_t begin, int64_t end, int64_t& out_begin, int64_t& out_end) {
    out_begin = size, out_end = 0;
    for (int64_t i = begin; i < end; ++i) {
      out_begin = std::min(out_begin, small.first_output[static_cast<size_t>(i)]);
      out_end = std::max(out_end, small.last_output[static_cast<size_t>(i)] + 1);
    }
  };
  int64_t x_begin, x_end, y_begin, y_end;
  reach(box.slow_begin, box.slow_end, x_begin, x_end);
  reach(box.fast_begin, box.fast_end, y_begin, y_end);
  if (x_begin >= x_end || y_begin >= y_end) return;
  const int64_t in_x = axis.first[static_cast<size_t>(x_begin)];
  const int64_t in_x_end = axis.first[static_cast<size_t>(x_end - 1)] + axis.count[static_cast<size_t>(x_end - 1)];
  const int64_t in_y = axis.first[static_cast<size_t>(y_begin)];
  const int64_t in_y_end = axis.first[static_cast<size_t>(y_end - 1)] + axis.count[static_cast<size_t>(y_end - 1)];

  // 1. The dot on its part of the full picture: [3, in_x .. in_x_end, lines of the box]. Lines are padded to whole
  // blocks of the passes; what is in the padding is computed and never read.
  const int64_t line = box.fast_end - box.fast_begin, lines = in_x_end - in_x, width = x_end - x_begin;
  const int64_t line_stride = padded(line), width_stride = padded(width);
  const auto full = std::make_unique_for_overwrite<uint8_t[]>(static_cast<size_t>(3 * lines * line_stride));
  for (int64_t c = 0; c < 3; ++c)
    for (int64_t x = 0; x < lines; ++x)
      std::memcpy(full.get() + (c * lines + x) * line_stride,
                  columns_.data() + c * kPlane + (in_x + x) * kSize + box.fast_begin, static_cast<size_t>(line));
  draw_dot(dot, box, full.get() + (box.slow_begin - in_x) * line_stride, lines * line_stride, line_stride);

  // 2. The horizontal pass of these lines, laid into the background's: [3, in_y .. in_y_end, x_begin .. x_end].
  const int64_t height = in_y_end - in_y;
  const auto rows = std::make_unique_for_overwrite<uint8_t[]>(static_cast<size_t>(3 * height * width_stride));
  uint8_t column[padded(kSize)];
  for (int64_t c = 0; c < 3; ++c) {
    uint8_t* to = rows.get() + c * height * width_stride;
    for (int64_t y = 0; y < height; ++y)
      if (in_y + y < box.fast_begin || in_y + y >= box.fast_end)
        std::memcpy(to + y * width_stride, small.rows.data() + (c * kSize + in_y + y) * size + x_begin,
                    static_cast<size_t>(width));
    for (int64_t x = 0; x < width; ++x) {
      const int64_t first = axis.first[static_cast<size_t>(x_begin + x)] - in_x;
      data::resize_line(axis, x_begin + x, full.get() + (c * lines + first) * line_stride, line_stride, line_stride,
                        column);
      uint8_t* target = to + (box.fast_begin - in_y) * width_stride + x;
      for (int64_t y = 0; y < line; ++y) target[y * width_stride] = column[y];
    }
  }

  // 3. The vertical pass.
  const auto output = std::make_unique_for_overwrite<uint8_t[]>(static_cast<size_t>(width_stride));
  for (int64_t c = 0; c < 3; ++c)
    for (int64_t y = y_begin; y < y_end; ++y) {
      const int64_t first = axis.first[static_cast<size_t>(y)] - in_y;
      data::resize_line(axis, y, rows.get() + (c * height + first) * width_stride, width_stride, width_stride,
                        output.get());
      std::memcpy(out + (c * size + y) * size + x_begin, output.get(), static_cast<size_t>(width));
    }
}

}  // namespace foresee::planner
