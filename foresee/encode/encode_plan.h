#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "foresee/encode.h"
#include "foresee/encode/classifier.h"
#include "foresee/encode/encode_run.h"
#include "jepa/core/error.h"
#include "jepa/core/names.h"
#include "jepa/model/vjepa2/files/weights.h"

namespace foresee {

/// The value of an inner enum that has the name of a public one. @throws InternalError where there is none.
template <class To, size_t M, class From, size_t N>
To same_name(const std::pair<To, std::string_view> (&inner)[M], const std::pair<From, std::string_view> (&open)[N],
             From value) {
  if (const auto found = value_of(inner, name_of(open, value))) return *found;
  fail<InternalError>("unknown name '{}'", name_of(open, value));
}

/// The arithmetic of colours that a model's pictures were made with.
data::ColourConversion colours_of(const Preprocess& preprocess);

/// What of the model's files is read; of a file, the encoder that the classifier was trained on.
Vjepa2ReadOptions read_options(const EncodeRequest& request, const std::optional<Classifier>& classifier);

/// How files become clips: as the classifier was trained, else as the model folder says, but for what the request says.
/// @throws Error for sizes that do not fit the model's tokens.
ClipPlan clip_plan(const EncodeRequest& request, const Vjepa2Weights& weights,
                   const std::optional<Classifier>& classifier);

/// Shape of the embeddings of these clips. @throws Error where pictures and videos give rows of different sizes.
std::vector<int64_t> embedding_shape(const EncodeRequest& request, const VideoEncoderConfig& encoder,
                                     const ClipPlan& plan, const std::vector<MediaClip>& clips);

}  // namespace foresee
