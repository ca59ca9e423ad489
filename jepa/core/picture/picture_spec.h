#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee {

class Fields;

// Note [Pictures into numbers]
// One struct says how pixels become the input of a model. Every training writes it into preprocess.json of its model
// folder, every use reads it from there, and one function applies it (data::clip_input; data::fit_picture for models
// that keep pictures as bytes). Folders of other programs say the same in their own words, which are translated.

/// Whose code brings pictures to the size of the model.
enum class PictureTransform {
  kFamily,          // not said, as in folders from before this key: the family's own
  kFit,             // this program: squeezed, cut or padded by the rule, with Pillow's bilinear resize on bytes
  kCenterSquare,    // V-JEPA 2-AC's planning: the centre square, two taps, on floats
  kHuggingFace,     // transformers' video processors: on bytes, in two rounded passes; margin / 2 is cut off
  kOfficial,        // Meta's evaluation of decoded video (OpenCV): two taps on bytes; margin / 2 to even
  kOfficialTensor,  // Meta's evaluation of tensors: antialiased on bytes; margin / 2 to even
};
inline constexpr std::pair<PictureTransform, std::string_view> kPictureTransformNames[] = {
    {PictureTransform::kFamily, "family"},
    {PictureTransform::kFit, "fit"},
    {PictureTransform::kCenterSquare, "center_square"},
    {PictureTransform::kHuggingFace, "huggingface"},
    {PictureTransform::kOfficial, "official"},
    {PictureTransform::kOfficialTensor, "official_tensor"}};

/// How the shape of a picture becomes the square.
enum class PictureShape {
  kResize,       // the whole picture, squeezed or stretched; to `resized`, where it is said, then the centre is cut out
  kCrop,         // its central part of the wanted shape, resized
  kPad,          // the whole picture in its own shape, with black around it
  kShorterSide,  // the shorter side to `resized`, then the centre is cut out
  kCenter,       // the centre is cut out as it is; black where the picture is smaller
  kNone,         // nothing: pictures of another size are refused
};
inline constexpr std::pair<PictureShape, std::string_view> kPictureShapeNames[] = {
    {PictureShape::kResize, "resize"}, {PictureShape::kCrop, "crop"},
    {PictureShape::kPad, "pad"},       {PictureShape::kShorterSide, "shorter_side"},
    {PictureShape::kCenter, "center"}, {PictureShape::kNone, "none"}};

/// How pixels between pixels are found.
enum class Interpolation { kNearest, kBilinear, kBicubic };
inline constexpr std::pair<Interpolation, std::string_view> kInterpolationNames[] = {
    {Interpolation::kNearest, "nearest"}, {Interpolation::kBilinear, "bilinear"}, {Interpolation::kBicubic, "bicubic"}};

/// How pictures become input: `preprocess.json`. Note [Pictures into numbers].
struct PictureSpec {
  int64_t size = 224;                             // pixels, height and width
  std::vector<double> mean{0.485, 0.456, 0.406};  // RGB, of scaled values (ImageNet)
  std::vector<double> std{0.229, 0.224, 0.225};
  std::string colours = "exact";  // arithmetic that made RGB of video: "exact" or "swscale", as published weights saw
  PictureShape picture = PictureShape::kResize;
  std::vector<std::string> cameras{};  // cameras learned from; several: views of one picture; empty: not said
  PictureTransform transform = PictureTransform::kFamily;
  std::vector<int64_t> resized{};  // pixels before the cut: the shorter side, or height and width; empty: `size`
  Interpolation interpolation = Interpolation::kBilinear;
  bool antialias = true;     // whether the filter widens when pictures shrink
  double scale = 1.0 / 255;  // of bytes, before mean and std
  // Clips, as they were trained on. 0: not said.
  int64_t frames = 0;          // of a clip of a video
  int64_t frame_step = 0;      // frames of the video from one to the next
  double fps = 0;              // rate of a clip, Hz, where there is no step
  int64_t picture_frames = 0;  // that a picture is repeated to

  /// uint8 [..., 3, H, W] -> float32 [..., 3, H, W]: (x * scale - mean) / std.
  Tensor normalise(const Tensor& frames) const;
  /// @throws ConfigError when mean or std do not have three entries, a std is not positive, or the keys contradict each
  /// other.
  void validate() const;
};
void describe(Fields& fields, PictureSpec& spec);

/// int(size * 256 / 224): the shorter side before the cut, of V-JEPA 2 and its ports.
int64_t published_short_side(int64_t size);

/// The same input through another transform, with the shape and the filter that it stands for.
PictureSpec with_transform(PictureSpec spec, PictureTransform transform);

/// The same where no transform is said.
PictureSpec or_transform(const PictureSpec& spec, PictureTransform transform);

/// The same pictures at another size: what lies around the cut keeps its share.
PictureSpec with_size(PictureSpec spec, int64_t size);

/// What the rule is called: "resize", "crop", "pad", "center_square", "huggingface", ...
std::string rule_name(const PictureSpec& spec);

}  // namespace foresee
