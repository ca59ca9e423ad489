#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/video/demuxer.h"
#include "data/video/frame/picture_format.h"
#include "data/video/frame/picture_size.h"

namespace foresee::data {

// Note [Frame index]
// One pass over the packets gives every frame's presentation time, and thereby its number. Packets are numbered in
// decoding order. Where every packet has a time of its own ("by time"), a decoded frame is recognised by its time, and
// decoding can begin at any key packet; the number a frame gets does not depend on where decoding began. Where times
// are missing or not unique (AVI with B-frames, raw streams), or tell another order than the decoder's, frames are
// counted instead, always from the first one.

/// A packet as the container describes it. Times in units of the stream's time base.
struct PacketEntry {
  int64_t pts = 0, dts = 0, duration = 0;
  bool key = false;
  bool shown = true;  // false: only needed to decode others (before the start of an edit list)
  bool whole = true;  // false: the container says that it is damaged
};

/// A frame that is shown.
struct FrameEntry {
  int64_t pts = 0, duration = 0;
  int64_t order = 0;  // by time: number of its packet; counted: its number among the frames that come out
};

/// Why frames are counted instead of found by their time.
enum class CountedBecause { kNotCounted, kTimesMissing, kTimesEqual, kTimesInAnotherOrder };

struct FrameIndex {
  std::vector<PacketEntry> packets;  // decoding order
  std::vector<FrameEntry> frames;    // presentation order
  std::vector<int64_t> keys;         // numbers of the key packets, rising
  bool by_time = true;
  CountedBecause counted_because = CountedBecause::kNotCounted;
  AVRational time_base{0, 1};  // of the frames' times
  int64_t lost = 0;            // frames announced or indexed that do not decode

  // What the scan saw besides.
  bool times_doubtful = false;   // by time, but the coded pictures' own numbers tell another order: decode to know
  bool damage_doubtful = false;  // packets that the container calls damaged may be those before a join: decode to know
  bool interlaced = false;       // some picture is coded as two fields
  std::vector<PictureSize> sizes;  // of the coded pictures, in order of appearance; may be empty
  std::string cut_off_reason;      // what FFmpeg said where reading ended, if that was not the end of the file
  FirstPicture first_picture;      // what the first decoded picture says

  /// Number of the packet with this time. @pre by_time.
  std::optional<int64_t> packet_at(int64_t pts) const;
  /// Number of the frame with exactly this time. @pre by_time.
  std::optional<int64_t> frame_at(int64_t pts) const;
  /// The packet where decoding must begin for `frame`: the last key that neither follows it in decoding order nor in
  /// presentation order (so the leading pictures of an open group belong to the group before); packet 0 where there is
  /// none. @pre by_time.
  int64_t start_for(const FrameEntry& frame) const;
  /// The first key packet after packet `number`, or the number of packets.
  int64_t next_key(int64_t number) const;
  /// True when damage in packet `damaged` may show in `frame`: both lie in one group and the frame is decoded later.
  bool spoils(int64_t damaged, const FrameEntry& frame) const;
  /// Most frames of one group.
  int64_t longest_gop() const;

  /// Frames from now on are found by counting what the decoder hands out.
  void count_because(CountedBecause reason);

  std::vector<std::pair<int64_t, int64_t>> packet_by_pts;  // (pts, number), rising
};

/// Reads every packet once; the demuxer is then at its end. Frames are filled in when times allow it (by_time), without
/// those that damaged packets spoil.
FrameIndex scan_packets(Demuxer& demuxer);

}  // namespace foresee::data
