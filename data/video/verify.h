#pragma once

#include "data/video/decoder.h"
#include "data/video/demuxer.h"
#include "data/video/index/index.h"

namespace foresee::data {

/// True for codecs that store pictures which are never shown as packets of their own (VP8's hidden reference frames):
/// their packets cannot be counted as frames.
bool packets_may_hide_frames(AVCodecID codec);

/// Decodes the whole file. @returns true when frames came out undamaged but in another order than their times tell:
/// then they have to be counted.
bool times_tell_another_order(Decoder& decoder);

/// Decodes the whole file and leaves in the index only the frames that come out undamaged; the rest count as lost.
/// Where times are not usable, numbers the frames that come out.
void keep_frames_that_decode(Decoder& decoder, const Demuxer& demuxer, FrameIndex& index);

}  // namespace foresee::data
