#pragma once

#include <vector>

#include "data/episode/episode.h"

namespace foresee {

/// How an episode is drawn.
struct ViewOptions {
  int64_t columns = 8;    // contact sheet: pictures of an episode, evenly spread from the first to the last
  int64_t picture = 112;  // pixels, height of each; widths follow
};

/// A contact sheet: for each episode a line of pictures with their row numbers, and below it the curves of its actions
/// and of its state (else proprio) over all rows, each number scaled to its own range.
/// @returns uint8 [3, H, W], RGB.
Tensor contact_sheet(const std::vector<data::Episode>& episodes, const ViewOptions& options = {});

/// One picture a row: the frame, the same curves with a cursor at the row, and the numbers of the row.
/// @returns uint8 [T, 3, H, W], RGB, with even sides.
Tensor view_frames(const data::Episode& episode, int64_t height = 256);

}  // namespace foresee
