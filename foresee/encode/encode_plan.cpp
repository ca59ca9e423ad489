#include "foresee/encode/encode_plan.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "foresee/encode/names.h"
#include "jepa/core/log.h"

namespace foresee {
namespace {

/// The pictures of the classifier, else of the model; then what the request says otherwise.
PictureSpec pictures_of(const EncodeRequest& request, const Vjepa2Weights& weights,
                        const std::optional<Classifier>& classifier) {
  PictureSpec pictures = classifier && classifier->pictures ? *classifier->pictures : weights.preprocess;
  pictures = or_transform(pictures, PictureTransform::kOfficialTensor);
  if (request.size) pictures = with_size(pictures, *request.size);
  if (pictures.cameras.size() > 1)
    log_warning("{}: this model learned {} views ({}) as one picture; each picture is encoded alone, as if it were all",
                request.model.string(), pictures.cameras.size(), fmt::join(pictures.cameras, ", "));
  if (request.preprocess != EncodeRequest::Preprocess::kAuto)
    pictures =
        with_transform(pictures, same_name(data::kPublishedTransformNames, kEncodePreprocessNames, request.preprocess));
  return pictures;
}

data::ColourConversion colours_of(EncodeRequest::Colours wanted, const Preprocess& preprocess) {
  return wanted == EncodeRequest::Colours::kAuto ? colours_of(preprocess)
                                                 : same_name(data::kColourConversionNames, kEncodeColoursNames, wanted);
}

}  // namespace

data::ColourConversion colours_of(const Preprocess& preprocess) {
  return value_of(data::kColourConversionNames, preprocess.colours).value_or(data::ColourConversion::kExact);
}

Vjepa2ReadOptions read_options(const EncodeRequest& request, const std::optional<Classifier>& classifier) {
  Vjepa2ReadOptions options = request.read;
  if (request.weights != EncodeRequest::Weights::kDefault)
    options.weights = same_name(kEncoderKeyNames, kEncodeWeightsNames, request.weights);
  const bool file = std::filesystem::is_regular_file(request.model);  // a folder holds the one that it was made with
  if (options.weights == EncoderKey::kDefault && classifier && file) options.weights = classifier->encoder;
  if (classifier) options.trained_on = true;
  if (request.heads) options.heads = request.heads;
  if (request.probe_heads) options.probe_heads = request.probe_heads;
  return options;
}

ClipPlan clip_plan(const EncodeRequest& request, const Vjepa2Weights& weights,
                   const std::optional<Classifier>& classifier) {
  constexpr double kUsualFps = 4;
  const auto said = [](int64_t number, int64_t otherwise) { return number > 0 ? number : otherwise; };
  const VideoEncoderConfig& encoder = weights.config.encoder;
  ClipPlan plan;
  plan.pictures = pictures_of(request, weights, classifier);
  const PictureSpec& pictures = plan.pictures;
  plan.segments = {.frames = request.frames.value_or(said(pictures.frames, encoder.frames)),
                   .segments = request.clips,
                   .fps = request.fps.value_or(pictures.fps > 0 ? pictures.fps : kUsualFps),
                   .frame_step = request.frame_step,
                   .sampling = same_name(data::kClipSamplingNames, kEncodeSamplingNames, request.sampling)};
  if (request.frame_step == 0 && !request.fps) plan.segments.frame_step = pictures.frame_step;
  plan.picture_frames = request.picture_frames.value_or(said(pictures.picture_frames, encoder.tubelet_size));
  if (pictures.size <= 0 || pictures.size % encoder.patch_size != 0)
    fail("pictures of {} px: expected a multiple of the model's patches of {} px", pictures.size, encoder.patch_size);
  for (const int64_t frames : {plan.segments.frames, plan.picture_frames})
    if (frames <= 0 || frames % encoder.tubelet_size != 0)
      fail("{} frames: expected a multiple of the {} frames of a token of this model", frames, encoder.tubelet_size);
  if (encoder.position_grid == PositionGrid::kImageSize && pictures.size != encoder.image_size)
    log_warning("this model takes positions from its own size of {} px: at {} px they are wrong, as in transformers",
                encoder.image_size, pictures.size);
  plan.colours = colours_of(request.colours, pictures);
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
  const int64_t side = plan.pictures.size / encoder.patch_size;
  std::vector<int64_t> shape{static_cast<int64_t>(clips.size())};
  if (!request.layers.empty()) shape.push_back(static_cast<int64_t>(request.layers.size()));
  if (request.pooling == EncodeRequest::Pooling::kToken) shape.push_back(steps * side * side);
  if (request.pooling == EncodeRequest::Pooling::kFrame) shape.push_back(steps);
  shape.push_back(encoder.width);
  return shape;
}

}  // namespace foresee
