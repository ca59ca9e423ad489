#include "data/video/verify.h"

#include <algorithm>

namespace foresee::data {
namespace {

void keep_by_time(Decoder& decoder, FrameIndex& index) {
  std::vector<bool> came(index.frames.size(), false);
  while (const AVFrame* frame = decoder.next())
    if (const auto number = index.frame_at(frame->pts)) came[static_cast<size_t>(*number)] = true;
  std::vector<FrameEntry> kept;
  for (size_t i = 0; i < index.frames.size(); ++i)
    if (came[i] && !decoder.spoiled(index.frames[i])) kept.push_back(index.frames[i]);
  index.lost += static_cast<int64_t>(index.frames.size() - kept.size());
  index.frames = std::move(kept);
}

void number_by_output(Decoder& decoder, const Demuxer& demuxer, FrameIndex& index) {
  const AVStream& stream = demuxer.stream();
  const AVRational rate = stream.avg_frame_rate.num > 0 ? stream.avg_frame_rate : AVRational{25, 1};
  const int64_t usual_duration = std::max<int64_t>(1, av_rescale_q(1, av_inv_q(rate), stream.time_base));
  index.frames.clear();
  bool spoiled = false;  // from damage to the next intra-coded frame
  int64_t damage = 0;
  for (int64_t output = 0; const AVFrame* frame = decoder.next(); ++output) {
    const bool new_damage = decoder.damage_count() != damage;
    damage = decoder.damage_count();
    spoiled = new_damage || (spoiled && frame->pict_type != AV_PICTURE_TYPE_I);
    if (spoiled) {
      ++index.lost;
      continue;
    }
    const int64_t after_last = index.frames.empty() ? 0 : index.frames.back().pts + usual_duration;
    int64_t pts = frame->best_effort_timestamp;
    if (pts == AV_NOPTS_VALUE || (!index.frames.empty() && pts <= index.frames.back().pts)) pts = after_last;
    index.frames.push_back({pts, usual_duration, output});
  }
}

}  // namespace

bool packets_may_hide_frames(AVCodecID codec) { return codec == AV_CODEC_ID_VP8; }

void keep_frames_that_decode(Decoder& decoder, const Demuxer& demuxer, FrameIndex& index) {
  decoder.begin(0);
  if (index.by_time) {
    keep_by_time(decoder, index);
    if (!index.frames.empty() || decoder.damage_count() > 0) return;
    index.by_time = false;  // it decodes, but not under the times of its packets
    decoder.begin(0);
  }
  index.lost = 0;
  number_by_output(decoder, demuxer, index);
}

}  // namespace foresee::data
