#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "data/video/ffmpeg.h"

namespace foresee::data {

/// The packets of a file's video stream, in the order they are stored (decoding order).
class Demuxer {
 public:
  /// Opens a local file; nothing inside it can make FFmpeg open another file or a network address.
  /// @throws DataError "PATH: reason".
  explicit Demuxer(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  const AVStream& stream() const { return *input_->streams[stream_]; }
  AVRational time_base() const { return stream().time_base; }
  std::string container() const;
  /// Packets that the container's own table announces; 0: it has none.
  int64_t announced_packets() const;
  /// How far the pictures must be turned clockwise, in degrees: 0, 90, 180 or 270.
  int64_t rotation_degrees() const;

  /// Reads the next packet of the stream. @returns false at the end of the file, or where nothing more can be read.
  bool read(AVPacket& packet);
  /// Moves to a key packet at or before `dts`, as far as the container can. @returns false when it cannot.
  bool seek(int64_t dts);
  /// Starts again from the first byte.
  void reopen();

 private:
  std::filesystem::path path_;
  UniqueInput input_;
  int stream_ = 0;
};

}  // namespace foresee::data
