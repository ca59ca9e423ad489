#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "data/clip/clip.h"
#include "data/clip/video_set.h"
#include "data/picture/published_transform.h"
#include "foresee/encode.h"
#include "jepa/core/api/job.h"
#include "jepa/core/tensor.h"

namespace foresee {

/// A video or a picture to encode.
struct MediaFile {
  std::filesystem::path path;
  std::optional<int64_t> video;  // position in MediaSet::videos; nothing: a picture
};

/// What is encoded, in the order it was named; folders by name.
struct MediaSet {
  std::vector<MediaFile> files;
  data::VideoSet videos;
};

/// Videos, pictures (data::is_picture_name), folders of both, lists of videos (.csv .txt). Videos are what
/// data::list_video_files takes for one. Those that do not open, and pictures that are none or cut off, are named in a
/// warning and left out.
/// @throws DataError for a path that does not exist, a folder without either, and when nothing is left.
MediaSet open_media(const std::vector<std::filesystem::path>& paths, int64_t threads, const JobControl& control = {});

/// How files become clips.
struct ClipPlan {
  data::SegmentConfig segments;
  int64_t picture_frames = 2;  // a picture is a clip of so many equal frames
  PictureSpec pictures;        // of each frame
  data::ColourConversion colours = data::ColourConversion::kExact;
};

/// One clip of a file.
struct MediaClip {
  size_t file = 0;
  std::vector<int64_t> indices;  // frames; empty: a picture
};
std::vector<MediaClip> plan_clips(const MediaSet& media, const ClipPlan& plan);

/// Calls `encode` with batches of clips of one length, in order, while the next batch is decoded.
/// @param encode  takes float [B, 3, T, size, size] and the position of its first clip.
/// @param failed  gets the positions of clips that cannot be read; each file of one is named in a warning, and the clip
/// given to `encode` is zero. Null: such a clip is an error.
/// @returns false where it was stopped before the end. @throws DataError where no clip can be read, or see `failed`.
[[nodiscard]] bool for_each_batch(const MediaSet& media, const std::vector<MediaClip>& clips, const ClipPlan& plan,
                                  int64_t batch, const std::function<void(const Tensor& clips, size_t first)>& encode,
                                  const JobControl& control = {}, std::set<size_t>* failed = nullptr);

/// What `pooling` keeps of the tokens of a batch.
/// @param tokens  float [B, N, D]. @param steps  time steps, of which N is a multiple.
Tensor pooled(const Tensor& tokens, int64_t steps, EncodeRequest::Pooling pooling);

/// Appends all numbers of `rows`, the last axis fastest.
void append_values(std::vector<float>& values, const Tensor& rows);

}  // namespace foresee
