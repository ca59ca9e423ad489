#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee::data {

/// How a video file is written. The container follows the file's extension.
struct EncodeOptions {
  std::string codec = "libx264";
  std::string pixel_format = "yuv420p";
  int64_t fps_numerator = 25, fps_denominator = 1;
  int64_t gop = 12;                                                 // frames between key frames, at most
  int64_t b_frames = 2;                                             // in a row, at most
  std::vector<std::pair<std::string, std::string>> codec_options;   // the encoder's own, e.g. {"crf", "18"}
  std::vector<std::pair<std::string, std::string>> format_options;  // the muxer's own, e.g. {"movflags", "faststart"}
};

/// Writes frames to a video file one by one, beside the target, which finish() replaces.
class VideoWriter {
 public:
  /// @throws Error: unknown codec, a size that the codec does not take, a path that cannot be written.
  VideoWriter(const std::filesystem::path& path, int64_t height, int64_t width, EncodeOptions options = {});
  /// Without finish() nothing is left behind; an earlier file of that name stays as it was.
  ~VideoWriter();
  VideoWriter(VideoWriter&&) noexcept;
  VideoWriter& operator=(VideoWriter&&) noexcept;

  /// @param frame  uint8 [3, H, W], RGB.
  /// @param tick  presentation time in units of 1 / fps, rising from frame to frame; the frame's number when absent.
  void write(const Tensor& frame, std::optional<int64_t> tick = {});
  /// Flushes the encoder and closes the file. @throws Error.
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Writes frames uint8 [T, 3, H, W], RGB as one file. @throws Error.
void write_video(const std::filesystem::path& path, const Tensor& frames, const EncodeOptions& options = {});

}  // namespace foresee::data
