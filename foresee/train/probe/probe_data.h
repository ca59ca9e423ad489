#pragma once

#include <filesystem>
#include <string>

#include "foresee/train/probe/labelled_clips.h"
#include "jepa/core/api/job.h"
#include "jepa/model/vjepa2/files/weights.h"
#include "jepa/train/probe/task.h"

namespace foresee {

/// What a probe sees: the pictures of its encoder, in clips as the recipe says. It is kept in the probe's folder.
PictureSpec probe_pictures(PictureSpec of_encoder, const ProbeRecipe& recipe);

/// What a probe's clips are encoded by, and where the result lies.
struct ProbeSource {
  const Vjepa2Weights& weights;           // with probe_pictures
  std::shared_ptr<VideoEncoder> encoder;  // of the weights
  std::string fingerprint;                // of the encoder
  std::filesystem::path latents;          // folder
};

/// Encodes every clip that is not in the folder yet. Then: shuffled batches of the clips that are not held out
/// (held_out_clips), and the others.
/// @param control  of the encoding. @throws DataError where a clip cannot be read or all are held out; Interrupted when
/// stopped.
ProbeData probe_data(const LabelledClips& listed, const ProbeSource& source, const ProbeRecipe& recipe, uint64_t seed,
                     const JobControl& control);

}  // namespace foresee
