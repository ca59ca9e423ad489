#pragma once

#include <filesystem>
#include <string>

#include "foresee/train/labelled_clips.h"
#include "jepa/core/api/job.h"
#include "jepa/model/vjepa2/files/weights.h"
#include "jepa/train/probe/task.h"

namespace foresee {

/// What a probe's clips are encoded by, and where the result lies.
struct ProbeSource {
  const Vjepa2Weights& weights;
  std::shared_ptr<VideoEncoder> encoder;  // of the weights
  std::string fingerprint;                // of the encoder
  std::filesystem::path latents;          // folder
};

/// Encodes every clip that is not in the folder yet. Then: shuffled batches of the clips that are not held out by their
/// names, and the others.
/// @param control  of the encoding. @throws DataError where a clip cannot be read or all are held out; Interrupted when
/// stopped.
ProbeData probe_data(const LabelledClips& listed, const ProbeSource& source, const ProbeRecipe& recipe, uint64_t seed,
                     const JobControl& control);

}  // namespace foresee
