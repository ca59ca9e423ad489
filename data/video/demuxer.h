#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "data/video/ffmpeg.h"
#include "data/video/frame/orientation.h"

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
  /// How the container says that pictures are brought upright; nothing: it does not say.
  std::optional<Orientation> orientation() const;
  /// Width by height of a pixel as the container or the stream states it; 1 where neither does.
  double pixel_aspect() const;
  /// Number of the stream among the file's video streams, and how many there are; cover pictures do not count.
  int64_t video_stream() const;
  int64_t video_streams() const;
  /// When the header says that the pictures end, in seconds on the file's clock; nothing: it does not say.
  /// @param of_sound_too  whether a duration of all streams counts, of which sound may be the longest.
  std::optional<double> announced_end_s(bool of_sound_too) const;
  /// Why reading ended, when that was not the regular end of the file; empty when it was. @pre read() came to the end.
  std::string cut_off_reason() const;

  /// Reads the next packet of the stream. @returns false at the end of the file, or where nothing more can be read.
  bool read(AVPacket& packet);
  /// Moves to a key packet at or before `dts`, as far as the container can. @returns false when it cannot.
  bool seek(int64_t dts);
  /// Starts again from the first byte. @throws DataError when the file is gone, has changed or cannot be opened; the
  /// demuxer then stays as it was.
  void reopen();

 private:
  struct Stamp {
    uintmax_t bytes = 0;
    std::filesystem::file_time_type written;
    bool operator==(const Stamp&) const = default;
  };
  Stamp check_is_a_file() const;
  UniqueInput open() const;
  void discard_others();

  std::filesystem::path path_;
  Stamp stamp_;
  UniqueInput input_;
  std::string cut_off_reason_;
  int stream_ = 0;
};

}  // namespace foresee::data
