#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "tools/report/pictures.h"

namespace foresee::tools {

/// What an encoder makes of a real clip: its frames, and below them the patch features as colours
/// (report::pca_picture), first of the untrained encoder, then of the trained one. One column a tubelet. The clip is
/// shown at twice the size of training clips, so that there are enough patches to see something.
/// @param run  run folder of a pretraining. @param video  the clip is its last frames. @param seed  of the run: gives
/// the initial weights again.
/// @throws CheckpointError without a checkpoint, DataError when the video cannot be read.
std::vector<report::PictureRow> feature_rows(const std::filesystem::path& run, const std::filesystem::path& video,
                                             uint64_t seed);

}  // namespace foresee::tools
