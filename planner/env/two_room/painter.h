#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "data/picture/resize_passes.h"
#include "planner/env/two_room/two_room.h"

namespace foresee::planner {

/// The pictures of one layout. What does not move is drawn once; a picture is a copy of it with the agent's dot, and a
/// smaller picture is the resized background with the dot's surroundings resized again: the same bytes as resizing the
/// full picture as Pillow does. Immutable but for a guarded cache; shared between threads.
class TwoRoomPainter {
 public:
  /// Draws walls, doors, border and, where the config says so, the target.
  TwoRoomPainter(const TwoRoomConfig& config, TwoRoom::Point target);

  /// @param out  [3, size, size] bytes, RGB.
  void paint(TwoRoom::Point agent, int64_t size, uint8_t* out) const;

 private:
  struct Resized {
    data::ResizeAxis axis;
    std::vector<uint8_t> rows;                       // [3, 224, size]: the background after the horizontal pass
    std::vector<uint8_t> picture;                    // [3, size, size]
    std::vector<int64_t> first_output, last_output;  // [224], outputs that a pixel of the axis reaches, inclusive
  };
  const Resized& resized(int64_t size) const;
  void paint_resized(const Resized& small, TwoRoom::Point agent, uint8_t* out) const;

  float radius_;
  float color_[3];
  std::vector<uint8_t> rows_;     // [3, y, x]
  std::vector<uint8_t> columns_;  // [3, x, y]: the same, for the horizontal pass (Note [Pillow resize])
  mutable std::mutex mutex_;
  mutable std::map<int64_t, std::unique_ptr<const Resized>> sizes_;
};

}  // namespace foresee::planner
