#include "data/video/demuxer.h"

#include <cmath>
#include <cstring>

#include "jepa/core/error.h"

namespace foresee::data {
namespace fs = std::filesystem;
namespace {

// Containers of single files. Left out on purpose: playlists and concatenation scripts, which name other files and
// network addresses, and pictures.
constexpr const char* kContainers =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,h264,hevc,m4v,ivf,nut,mxf,gif,"
    "yuv4mpegpipe";

// A damaged region is passed over this many times before the rest of the file counts as lost.
constexpr int kMaxReadErrorsInARow = 64;

void check_is_a_file(const fs::path& path) {
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  if (!fs::exists(status)) fail<DataError>("{}: no such file", path.string());
  if (fs::is_directory(status)) fail<DataError>("{}: is a folder, expected a video file", path.string());
  if (!fs::is_regular_file(status)) fail<DataError>("{}: is not a regular file", path.string());
  const uintmax_t bytes = fs::file_size(path, code);
  if (code) fail<DataError>("{}: {}", path.string(), code.message());
  if (bytes == 0) fail<DataError>("{}: is empty (0 bytes)", path.string());
}

std::string hint(const std::string& reason) {
  return reason.find("moov atom not found") == std::string::npos
             ? ""
             : " (cut off before its index was written, or not a video at all)";
}

}  // namespace

Demuxer::Demuxer(fs::path path) : path_(std::move(path)) {
  check_is_a_file(path_);
  reopen();
}

void Demuxer::reopen() {
  input_.reset();
  const ErrorCapture errors;
  Dictionary options;
  options.set("protocol_whitelist", "file");
  options.set("format_whitelist", kContainers);
  AVFormatContext* raw = nullptr;
  int code = avformat_open_input(&raw, ("file:" + path_.string()).c_str(), nullptr, options.address());
  if (code < 0) {
    const std::string reason = errors.reason(code);
    fail<DataError>("{}: cannot be read as a video: {}{}", path_.string(), reason, hint(reason));
  }
  input_.reset(raw);
  code = avformat_find_stream_info(raw, nullptr);
  if (code < 0) fail<DataError>("{}: cannot be read as a video: {}", path_.string(), errors.reason(code));

  stream_ = av_find_best_stream(raw, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  const bool cover = stream_ >= 0 && (raw->streams[stream_]->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
  if (stream_ < 0 || cover)
    fail<DataError>("{}: holds no video stream ({})", path_.string(),
                    cover ? "only a cover picture" : "only sound or data");
  for (unsigned i = 0; i < raw->nb_streams; ++i)
    if (static_cast<int>(i) != stream_) raw->streams[i]->discard = AVDISCARD_ALL;
}

std::string Demuxer::container() const {
  const std::string names = input_->iformat->name;  // "mov,mp4,m4a,3gp,3g2,mj2": the second is what people say
  if (names.starts_with("mov,")) return "mp4";
  return names.substr(0, names.find(','));
}

int64_t Demuxer::announced_packets() const {
  // In mp4 and mov the index lists every sample; other containers list key frames, or nothing.
  return container() == "mp4" ? avformat_index_get_entries_count(&stream()) : 0;
}

int64_t Demuxer::rotation_degrees() const {
  const uint8_t* matrix = nullptr;
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
  const AVCodecParameters& codec = *stream().codecpar;
  const AVPacketSideData* data =
      av_packet_side_data_get(codec.coded_side_data, codec.nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
  if (data != nullptr && data->size >= 9 * sizeof(int32_t)) matrix = data->data;
#else
  size_t bytes = 0;
  matrix = av_stream_get_side_data(&stream(), AV_PKT_DATA_DISPLAYMATRIX, &bytes);
  if (bytes < 9 * sizeof(int32_t)) matrix = nullptr;
#endif
  if (matrix == nullptr) return 0;
  const double anticlockwise = av_display_rotation_get(reinterpret_cast<const int32_t*>(matrix));
  if (std::isnan(anticlockwise)) return 0;
  const auto quarters = static_cast<int64_t>(std::lround(-anticlockwise / 90.0));
  return (quarters % 4 + 4) % 4 * 90;
}

bool Demuxer::read(AVPacket& packet) {
  const ErrorCapture errors;
  for (int failures = 0; failures < kMaxReadErrorsInARow;) {
    av_packet_unref(&packet);
    const int code = av_read_frame(input_.get(), &packet);
    if (code == AVERROR_EOF) return false;
    if (code < 0) {
      ++failures;
    } else if (packet.stream_index == stream_) {
      return true;
    }
  }
  return false;
}

bool Demuxer::seek(int64_t dts) {
  const ErrorCapture errors;
  return av_seek_frame(input_.get(), stream_, dts, AVSEEK_FLAG_BACKWARD) >= 0;
}

}  // namespace foresee::data
