#pragma once

#include <vector>

#include "data/clip/loader.h"

namespace foresee {

/// Whether there is something to learn from, before anything is trained. Fewer clips than a batch: a warning, since the
/// same moments then come several times per step.
/// @param sample  clips of the ranges, not augmented. @throws DataError where every frame has one colour, and where
/// clips of different moments all look the same.
void check_clips(const data::VideoSet& videos, const std::vector<data::FrameRange>& ranges,
                 const data::VideoLoaderConfig& config, const data::VideoBatch& sample);

}  // namespace foresee
