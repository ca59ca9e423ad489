#include "data/video/backend.h"

#include "data/video/ffmpeg.h"

namespace foresee::data {

std::string video_backend() {
  std::string text = std::string("FFmpeg ") + av_version_info() + ":";
  for (const AVCodecID codec :
       {AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_VP9, AV_CODEC_ID_AV1, AV_CODEC_ID_MPEG4})
    if (avcodec_find_decoder(codec) != nullptr) text += std::string(" ") + avcodec_get_name(codec);
  return text;
}

}  // namespace foresee::data
