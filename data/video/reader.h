#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "data/video/frame/colours.h"
#include "data/video/frame/picture_size.h"
#include "jepa/core/tensor.h"

namespace foresee::data {

/// `size` with a short side of at most `short_side`, its shape kept.
PictureSize shrunk(PictureSize size, int64_t short_side);

class VideoIndexCache;  // data/video/index_cache.h

/// How a video is decoded.
struct VideoOptions {
  int64_t threads = 1;                // decoder threads of this reader, >= 1
  std::optional<int64_t> short_side;  // pixels: frames are shrunk (never enlarged) to this short side while converting
  bool verify = false;                // decode everything once at opening: the index then holds only frames that decode
  /// Where the index of the file is taken from and left for others; nothing: the reader makes its own.
  std::shared_ptr<VideoIndexCache> indexes{};
  ColourConversion colours = ColourConversion::kExact;
};

/// What a video holds. Times are seconds on the file's own clock; frame i is on show during [start_s(i), stop_s(i)).
struct VideoInfo {
  int64_t width = 0, height = 0;  // pixels of the frames that come back: after rotation and short_side
  int64_t coded_width = 0, coded_height = 0;
  int64_t frame_count = 0;        // frames that can be asked for
  int64_t lost_frames = 0;        // the file announces them, but they are cut off or damaged
  double average_fps = 0;         // (frames - 1) / (last start - first start); of the header for a single frame
  double begin_s = 0, end_s = 0;  // the video is on show during [begin_s, end_s)
  int64_t key_frames = 0;
  int64_t longest_gop = 0;       // frames between two key frames, at most: what one random access may cost
  int64_t rotation_degrees = 0;  // clockwise, already applied: 0, 90, 180, 270
  bool mirrored = false;         // left to right, before turning; already applied
  bool seekable = true;          // false: frames are counted from the start of the file at every jump backward
  std::string counted_because;   // why; empty where seekable
  std::string codec, container, pixel_format;

  double pixel_aspect = 1;                 // width by height of a pixel as the file states it; not applied
  bool interlaced = false;                 // pictures are coded as two fields, which are shown together
  int64_t bit_depth = 8;                   // of what is stored; frames come back with 8
  std::string hdr;                         // "PQ" or "HLG": brought to ordinary range; empty: it is of ordinary range
  bool transparency = false;               // stored, and left out
  int64_t video_stream = 0;                // which of the file's video streams is read
  int64_t video_streams = 1;               // how many there are
  std::vector<PictureSize> stored_sizes;   // more than one: sizes change; frames come back in one
  bool variable_rate = false;              // frames are not equally far apart in time
  double lowest_fps = 0, highest_fps = 0;  // of two neighbours
  std::optional<double> header_fps;        // what the container says, where it is not what the times say
  std::optional<double> announced_end_s;   // when the header says that pictures end, where they end clearly earlier
  std::string cut_off_reason;              // what FFmpeg said where reading ended before the end of the file

  double duration_s() const { return end_s - begin_s; }
};

/// How frames were obtained, for tests and benchmarks. What opening took is not counted, but for the scan.
struct DecodeCounters {
  int64_t packets_scanned = 0;   // demuxed once to build the index; 0: it was in VideoOptions::indexes
  int64_t packets_decoded = 0;   // given to the decoder
  int64_t frames_decoded = 0;    // came out of it
  int64_t frames_converted = 0;  // made RGB
  int64_t seeks = 0;             // jumps inside the file
  int64_t reopens = 0;           // starts from the file's first byte, where a jump is not possible
};

/// Frames of a video file by their number in order of presentation: number i is the same picture, bit for bit, however
/// it is reached. One thread at a time; readers are independent of each other.
class VideoReader {
 public:
  /// Opens the file and takes the exact index of its frames, or builds it from every packet.
  /// @throws DataError "PATH: reason" when there is no frame to be had: not a video, cut off, no video stream, ...
  explicit VideoReader(const std::filesystem::path& path, VideoOptions options = {});
  ~VideoReader();
  VideoReader(VideoReader&&) noexcept;
  VideoReader& operator=(VideoReader&&) noexcept;

  const VideoInfo& info() const;
  const DecodeCounters& counters() const;

  /// @returns uint8 [3, H, W], RGB. @throws Error for an index out of range, DataError when the frame does not decode.
  Tensor frame(int64_t index);
  /// Frames in the order asked for, repeats included; each is decoded once.
  /// @returns uint8 [n, 3, H, W], RGB. @throws as frame().
  Tensor frames(std::span<const int64_t> indices);

  /// Frames that were asked for and did not decode, and those that the same damage spoils; they are not tried again.
  const std::set<int64_t>& failed_frames() const;

  /// When every frame comes on show, in seconds, rising.
  std::vector<double> starts_s() const;
  /// When frame `index` comes on show, and when it goes.
  double start_s(int64_t index) const;
  double stop_s(int64_t index) const;
  /// The frame on show at `seconds`; the first and last frame answer for times outside [begin_s, end_s).
  int64_t index_at(double seconds) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foresee::data
