#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "data/video/demuxer.h"
#include "data/video/ffmpeg.h"
#include "data/video/frame/picture_size.h"

namespace foresee::data {

/// What the headers of the coded pictures say, read by FFmpeg's parsers without decoding.
class CodedPictures {
 public:
  explicit CodedPictures(const Demuxer& demuxer);

  /// Looks at the next packet in decoding order.
  void add(const AVPacket& packet);
  /// Call after the last packet.
  void finish() { end_period(); }

  /// True when the times of the packets put pictures into another order than the pictures' own numbers do, so that the
  /// decoder may hand them out in an order that the times do not tell. Damage can look the same: decoding decides.
  bool contradict_times() const { return contradict_times_; }
  bool interlaced() const { return interlaced_; }
  /// Every size that was seen, in order of appearance; empty where the codec has no parser that tells.
  const std::vector<PictureSize>& sizes() const { return sizes_; }

 private:
  struct FreeParser {
    void operator()(AVCodecParserContext* parser) const { av_parser_close(parser); }
  };
  void place(int64_t number, int64_t pts);
  void end_period();

  UniqueCodec context_;
  std::unique_ptr<AVCodecParserContext, FreeParser> parser_;
  bool reorders_ = false;  // the codec may store pictures in another order than they are shown
  bool numbered_ = false;  // its parser tells the pictures' numbers in order of presentation
  // Pictures since their numbers last began anew: (number, pts).
  std::vector<std::pair<int64_t, int64_t>> period_;
  int64_t highest_number_ = 0;
  int64_t latest_pts_ = INT64_MIN;  // of all earlier periods
  bool contradict_times_ = false, interlaced_ = false;
  std::vector<PictureSize> sizes_;
};

}  // namespace foresee::data
