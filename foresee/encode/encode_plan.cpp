#include "foresee/encode/encode_plan.h"

#include <algorithm>

#include "foresee/encode/names.h"
#include "jepa/core/log.h"

namespace foresee {
namespace {

data::PublishedTransform transform_of(EncodeRequest::Preprocess wanted, const std::string& format) {
  if (wanted != EncodeRequest::Preprocess::kAuto)
    return same_name(data::kPublishedTransformNames, kEncodePreprocessNames, wanted);
  return value_of(data::kPublishedTransformNames, format).value_or(data::PublishedTransform::kOfficialTensor);
}

data::ColourConversion colours_of(EncodeRequest::Colours wanted, const Preprocess& preprocess) {
  return wanted == EncodeRequest::Colours::kAuto ? colours_of(preprocess)
                                                 : same_name(data::kColourConversionNames, kEncodeColoursNames, wanted);
}

}  // namespace

data::ColourConversion colours_of(const Preprocess& preprocess) {
  return value_of(data::kColourConversionNames, preprocess.colours).value_or(data::ColourConversion::kExact);
}

Vjepa2ReadOptions read_options(const EncodeRequest& request) {
  Vjepa2ReadOptions options = request.read;
  if (request.weights != EncodeRequest::Weights::kDefault)
    options.weights = same_name(kEncoderKeyNames, kEncodeWeightsNames, request.weights);
  if (request.heads) options.heads = request.heads;
  if (request.probe_heads) options.probe_heads = request.probe_heads;
  return options;
}

ClipPlan clip_plan(const EncodeRequest& request, const Vjepa2Weights& weights) {
  const VideoEncoderConfig& encoder = weights.config.encoder;
  ClipPlan plan;
  plan.segments = {.frames = request.frames.value_or(encoder.frames),
                   .segments = request.clips,
                   .fps = request.fps,
                   .frame_step = request.frame_step,
                   .sampling = same_name(data::kClipSamplingNames, kEncodeSamplingNames, request.sampling)};
  plan.picture_frames = request.picture_frames.value_or(encoder.tubelet_size);
  plan.size = request.size.value_or(weights.preprocess.size);
  if (plan.size <= 0 || plan.size % encoder.patch_size != 0)
    fail("pictures of {} px: expected a multiple of the model's patches of {} px", plan.size, encoder.patch_size);
  for (const int64_t frames : {plan.segments.frames, plan.picture_frames})
    if (frames <= 0 || frames % encoder.tubelet_size != 0)
      fail("{} frames: expected a multiple of the {} frames of a token of this model", frames, encoder.tubelet_size);
  if (encoder.position_grid == PositionGrid::kImageSize && plan.size != encoder.image_size)
    log_warning("this model takes positions from its own size of {} px: at {} px they are wrong, as in transformers",
                encoder.image_size, plan.size);
  plan.colours = colours_of(request.colours, weights.preprocess);
  plan.transform = transform_of(request.preprocess, weights.format);
  std::copy_n(weights.preprocess.mean.begin(), 3, plan.normalisation.mean.begin());
  std::copy_n(weights.preprocess.std.begin(), 3, plan.normalisation.std.begin());
  return plan;
}

std::vector<int64_t> embedding_shape(const EncodeRequest& request, const VideoEncoderConfig& encoder,
                                     const ClipPlan& plan, const std::vector<MediaClip>& clips) {
  const auto is_picture = [](const MediaClip& clip) { return clip.indices.empty(); };
  const bool pictures = std::any_of(clips.begin(), clips.end(), is_picture);
  const bool videos = !std::all_of(clips.begin(), clips.end(), is_picture);
  if (pictures && videos && request.pooling != EncodeRequest::Pooling::kClip &&
      plan.picture_frames != plan.segments.frames)
    fail(
        "videos of {} and pictures of {} frames give different numbers of tokens: keep the mean of each clip, repeat "
        "each picture to {} frames, or encode them one after the other",
        plan.segments.frames, plan.picture_frames, plan.segments.frames);
  const int64_t steps = (videos ? plan.segments.frames : plan.picture_frames) / encoder.tubelet_size;
  const int64_t side = plan.size / encoder.patch_size;
  std::vector<int64_t> shape{static_cast<int64_t>(clips.size())};
  if (!request.layers.empty()) shape.push_back(static_cast<int64_t>(request.layers.size()));
  if (request.pooling == EncodeRequest::Pooling::kToken) shape.push_back(steps * side * side);
  if (request.pooling == EncodeRequest::Pooling::kFrame) shape.push_back(steps);
  shape.push_back(encoder.width);
  return shape;
}

}  // namespace foresee
