#pragma once

#include "planner/eval/surprise/scores.h"

namespace foresee::planner {

/// Draws a pair: the changed episode above the unchanged one. Below each picture a bar shows the surprise of the first
/// window that holds it, on one scale for both episodes; the largest of an episode is dark. The first picture of the
/// violation has an orange frame. Of a long episode the pictures around the violation are shown, or evenly chosen ones
/// where it is not known. The frame of the strip is green where the pair is told, else red.
/// @param size  of one picture, px. @returns uint8 [3, H, W], RGB.
Tensor pair_strip(const ViolationPair& pair, const PairScores& scores, const Witness& witness, int64_t size = 96);

}  // namespace foresee::planner
