#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/video/demuxer.h"
#include "data/video/ffmpeg.h"
#include "data/video/index/index.h"
#include "data/video/reader.h"

namespace foresee::data {

/// Decodes forward from a chosen packet and keeps account of damage on the way.
class Decoder {
 public:
  /// @param demuxer,index  outlive the decoder; the demuxer stands anywhere. @throws DataError without a decoder.
  Decoder(Demuxer& demuxer, const FrameIndex& index, int64_t threads, DecodeCounters& counters);

  /// The next packet that is decoded will be `number`. Jumps there when the container can, reads on from the first
  /// byte when it cannot. @pre number == 0 or the index is by time.
  void begin(int64_t number);
  /// The next frame in order of output, valid until the next call; nullptr at the end of the file.
  const AVFrame* next();

  /// Number of the packet that will be decoded next, and of the one where decoding began.
  int64_t next_packet() const { return next_packet_; }
  int64_t begun_at() const { return begun_at_; }
  /// False when the key packet where decoding began did not give its own picture: then it is no place to begin. Streams
  /// with gradual refresh mark such packets (the pictures come out some frames later, and not always exact).
  bool begun_cleanly() const { return start_ != Start::kUnclean; }
  /// True when something that `frame` is made of did not decode since begin().
  bool spoiled(const FrameEntry& frame) const;
  /// What the decoder said of the first damage since begin(); empty when there was none.
  const std::string& damage() const { return damage_; }
  /// How often something did not decode since begin().
  int64_t damage_count() const { return static_cast<int64_t>(damaged_.size()); }
  /// Nothing until a picture came out.
  const std::optional<FirstPicture>& first_picture() const { return first_picture_; }

 private:
  bool read_until_begin();
  bool feed();
  void judge_start(const AVFrame* output);
  void note_damage(int64_t packet, const std::string& reason);

  Demuxer& demuxer_;
  const FrameIndex& index_;
  DecodeCounters& counters_;
  UniqueCodec codec_;
  UniquePacket packet_;
  UniqueFrame frame_;
  int64_t begun_at_ = 0, next_packet_ = 0;
  enum class Start { kUnjudged, kClean, kUnclean } start_ = Start::kUnjudged;
  bool waiting_ = false;  // packet_ holds the first packet to decode
  bool draining_ = false;
  std::vector<int64_t> damaged_;  // packets
  std::string damage_;
  std::optional<FirstPicture> first_picture_;
};

}  // namespace foresee::data
