#include "data/video/index/coded_pictures.h"

#include <algorithm>
#include <limits>

namespace foresee::data {
namespace {

constexpr int kNoNumber = std::numeric_limits<int>::min();

}  // namespace

CodedPictures::CodedPictures(const Demuxer& demuxer) {
  const AVCodecParameters& codec = *demuxer.stream().codecpar;
  const AVCodecDescriptor* descriptor = avcodec_descriptor_get(codec.codec_id);
  reorders_ = descriptor == nullptr || (descriptor->props & AV_CODEC_PROP_REORDER) != 0;
  numbered_ = codec.codec_id == AV_CODEC_ID_H264 || codec.codec_id == AV_CODEC_ID_HEVC;
  const ErrorCapture errors;
  parser_.reset(av_parser_init(codec.codec_id));
  if (!parser_) return;
  parser_->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  context_.reset(avcodec_alloc_context3(nullptr));
  if (avcodec_parameters_to_context(context_.get(), &codec) < 0) parser_.reset();
}

void CodedPictures::add(const AVPacket& packet) {
  const bool key = (packet.flags & AV_PKT_FLAG_KEY) != 0;
  int number = kNoNumber;
  if (parser_) {
    const ErrorCapture errors;
    parser_->output_picture_number = kNoNumber;
    parser_->width = parser_->height = 0;
    uint8_t* out = nullptr;
    int bytes = 0;
    av_parser_parse2(parser_.get(), context_.get(), &out, &bytes, packet.data, packet.size, packet.pts, packet.dts,
                     packet.pos);
    number = parser_->output_picture_number;
    const AVFieldOrder order = parser_->field_order;
    interlaced_ |= order != AV_FIELD_UNKNOWN && order != AV_FIELD_PROGRESSIVE;
    const PictureSize size{parser_->height, parser_->width};
    if (size.height > 0 && size.width > 0 && std::find(sizes_.begin(), sizes_.end(), size) == sizes_.end())
      sizes_.push_back(size);
  }
  if (packet.pts == AV_NOPTS_VALUE) return;
  if (!reorders_) {
    place(static_cast<int64_t>(period_.size()), packet.pts);
  } else if (numbered_ && number != kNoNumber) {
    if (key && number <= highest_number_) end_period();
    place(number, packet.pts);
  }
}

void CodedPictures::place(int64_t number, int64_t pts) {
  highest_number_ = period_.empty() ? number : std::max(highest_number_, number);
  period_.emplace_back(number, pts);
}

void CodedPictures::end_period() {
  std::sort(period_.begin(), period_.end());
  int64_t latest = latest_pts_;
  for (const auto& [number, pts] : period_) {
    contradict_times_ |= pts < latest;
    latest = std::max(latest, pts);
  }
  latest_pts_ = latest;
  period_.clear();
}

}  // namespace foresee::data
