#include "data/video/sniff.h"

#include <fstream>
#include <vector>

#include "data/video/ffmpeg.h"

namespace foresee::data {
namespace {

constexpr size_t kSniffedBytes = 64 << 10;

}  // namespace

bool looks_like_video(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<unsigned char> bytes(kSniffedBytes + AVPROBE_PADDING_SIZE, 0);
  in.read(reinterpret_cast<char*>(bytes.data()), kSniffedBytes);
  const auto count = static_cast<int>(in.gcount());
  if (count == 0) return false;
  AVProbeData probe{};
  probe.filename = "";
  probe.buf = bytes.data();
  probe.buf_size = count;
  const ErrorCapture errors;
  int score = 0;
  const AVInputFormat* format = av_probe_input_format3(&probe, 1, &score);
  // Below this, FFmpeg itself asks for more bytes before it believes: text and noise reach it.
  if (format == nullptr || score <= AVPROBE_SCORE_RETRY) return false;
  return av_match_list(format->name, video_containers(), ',') > 0;
}

}  // namespace foresee::data
