#pragma once

#include "data/clip/video_set.h"
#include "foresee/pretrain.h"

namespace foresee {

/// pretrain() on videos that are open already; `data` of the request is not read.
PretrainResult pretrain_on(const data::VideoSet& videos, const PretrainRequest& request,
                           const JobControl& control = {});

}  // namespace foresee
