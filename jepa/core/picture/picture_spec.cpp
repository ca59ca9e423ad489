#include "jepa/core/picture/picture_spec.h"

#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

template <class E, size_t N>
std::string text_of(const std::pair<E, std::string_view> (&table)[N], E wanted) {
  for (const auto& [value, text] : table)
    if (value == wanted) return std::string(text);
  return "";
}

bool is_published(PictureTransform transform) {
  return transform == PictureTransform::kHuggingFace || transform == PictureTransform::kOfficial ||
         transform == PictureTransform::kOfficialTensor;
}

/// What each transform can do.
void check_shape(const PictureSpec& s) {
  const auto sides = s.resized.size();
  const auto refuse = [&](const char* why) {
    fail<ConfigError>("preprocess: transform {} with picture {}: {}", text_of(kPictureTransformNames, s.transform),
                      text_of(kPictureShapeNames, s.picture), why);
  };
  const bool widens = s.transform != PictureTransform::kOfficial && s.transform != PictureTransform::kCenterSquare;
  if (s.transform != PictureTransform::kFamily && s.transform != PictureTransform::kHuggingFace) {
    if (s.interpolation != Interpolation::kBilinear) refuse("expected interpolation bilinear");
    if (s.antialias != widens) refuse(widens ? "expected antialias true" : "expected antialias false");
  }
  switch (s.transform) {
    case PictureTransform::kFamily:
      return;
    case PictureTransform::kFit:
      if (sides != 0 ||
          (s.picture != PictureShape::kResize && s.picture != PictureShape::kCrop && s.picture != PictureShape::kPad))
        refuse("expected resize, crop or pad, and no resized");
      return;
    case PictureTransform::kCenterSquare:
      if (sides != 0 || s.picture != PictureShape::kCrop) refuse("expected crop, and no resized");
      return;
    case PictureTransform::kOfficial:
    case PictureTransform::kOfficialTensor:
      if (sides != 1 || s.picture != PictureShape::kShorterSide || s.resized[0] < s.size)
        refuse("expected shorter_side, and resized with one number from size on");
      return;
    case PictureTransform::kHuggingFace:
      if (s.picture == PictureShape::kCrop || s.picture == PictureShape::kPad)
        refuse("expected resize, shorter_side, center or none");
      if (s.picture == PictureShape::kShorterSide && sides != 1) refuse("expected resized with one number");
      if (s.picture == PictureShape::kResize && sides != 0 && sides != 2)
        refuse("expected resized with height and width");
      return;
  }
}

}  // namespace

Tensor PictureSpec::normalise(const Tensor& frames) const {
  FORESEE_CHECK(frames.dim() >= 3 && frames.size(-3) == 3 && frames.scalar_type() == at::kByte,
                "expected uint8 [..., 3, H, W], got {}", foresee::describe(frames));
  const auto channels = [&](const std::vector<double>& values) {  // [3, 1, 1]
    return torch::tensor(values, at::kFloat).view({3, 1, 1}).to(frames.device());
  };
  return frames.to(at::kFloat).div_(1.0 / scale).sub_(channels(mean)).div_(channels(std));
}

void PictureSpec::validate() const {
  if (mean.size() != 3 || std.size() != 3)
    fail<ConfigError>("preprocess: expected 3 values of mean and of std, got {} and {}", mean.size(), std.size());
  for (const double value : std)
    if (!(value > 0)) fail<ConfigError>("preprocess: expected std > 0, got {}", value);
  if (!(scale > 0)) fail<ConfigError>("preprocess: expected scale > 0, got {}", scale);
  for (const int64_t side : resized)
    if (side < 1 || side > 16384) fail<ConfigError>("preprocess: expected resized from 1 to 16384, got {}", side);
  if (resized.size() > 2) fail<ConfigError>("preprocess: expected at most height and width in resized");
  check_shape(*this);
}

void describe(Fields& fields, PictureSpec& spec) {
  fields("size", spec.size, "height and width of the input, pixels", {1, 16384});
  fields("mean", spec.mean, "mean of R, G, B, of scaled values");
  fields("std", spec.std, "standard deviation of R, G, B, of scaled values");
  static constexpr std::string_view kColours[] = {"exact", "swscale"};
  fields.choice("colours", spec.colours, kColours,
                "arithmetic that makes RGB of video. exact: the standard's; swscale: FFmpeg's fast path");
  fields.choice("picture", spec.picture, kPictureShapeNames, "how pictures of another shape become square");
  fields("cameras", spec.cameras, "views that a picture is made of, in this order; none: one camera");
  fields.choice("transform", spec.transform, kPictureTransformNames,
                "whose code brings pictures to the size; family: as the family always did");
  fields("resized", spec.resized, "pixels before the cut: the shorter side, or height and width; none: size");
  fields.choice("interpolation", spec.interpolation, kInterpolationNames, "how pixels between pixels are found");
  fields("antialias", spec.antialias, "whether the filter widens when pictures shrink");
  fields("scale", spec.scale, "what bytes are multiplied with, before mean and std", {0});
  fields("frames", spec.frames, "frames of a clip of a video; 0: the model's own", {0});
  fields("frame_step", spec.frame_step, "frames of the video from one frame of a clip to the next; 0: by fps", {0});
  fields("fps", spec.fps, "rate of a clip, Hz; 0: not said", {0});
  fields("picture_frames", spec.picture_frames, "frames that a picture is repeated to; 0: those of one token", {0});
}

int64_t published_short_side(int64_t size) { return size * 256 / 224; }

PictureSpec with_transform(PictureSpec spec, PictureTransform transform) {
  spec.transform = transform;
  spec.interpolation = Interpolation::kBilinear;
  spec.antialias = transform != PictureTransform::kOfficial && transform != PictureTransform::kCenterSquare;
  spec.resized.clear();
  if (is_published(transform)) {
    spec.picture = PictureShape::kShorterSide;
    spec.resized = {published_short_side(spec.size)};
  } else if (transform == PictureTransform::kCenterSquare) {
    spec.picture = PictureShape::kCrop;
  }
  return spec;
}

PictureSpec or_transform(const PictureSpec& spec, PictureTransform transform) {
  return spec.transform == PictureTransform::kFamily ? with_transform(spec, transform) : spec;
}

PictureSpec with_size(PictureSpec spec, int64_t size) {
  for (int64_t& side : spec.resized)
    side =
        side == published_short_side(spec.size) ? published_short_side(size) : std::max(size, side * size / spec.size);
  spec.size = size;
  return spec;
}

std::string rule_name(const PictureSpec& spec) {
  const bool own = spec.transform == PictureTransform::kFamily || spec.transform == PictureTransform::kFit;
  return own ? text_of(kPictureShapeNames, spec.picture) : text_of(kPictureTransformNames, spec.transform);
}

}  // namespace foresee
