#pragma once

#include "data/clip/video_set.h"
#include "tools/demo/demo.h"

namespace foresee::tools {

/// Pretrains the demo preset on the videos, from nothing; the run folder is OUT/pretrain.
LearnedFromVideo learn_from_video(const data::VideoSet& videos, const DemoOptions& options, const JobControl& control);

}  // namespace foresee::tools
