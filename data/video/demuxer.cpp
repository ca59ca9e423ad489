#include "data/video/demuxer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>

#include "jepa/core/error.h"
#include "jepa/core/files/system_reason.h"

namespace foresee::data {
namespace fs = std::filesystem;
namespace {

// A damaged region is passed over this many times before the rest of the file counts as lost.
constexpr int kMaxReadErrorsInARow = 64;

// FFmpeg's words of a file whose content is none of the containers that are read.
std::string plain_reason(const std::string& reason) {
  return reason.find("not on whitelist") == std::string::npos
             ? reason
             : "its content is no film (a picture or a list with a film's name?)";
}

std::string hint(const std::string& reason) {
  return reason.find("moov atom not found") == std::string::npos
             ? ""
             : " (cut off before its index was written, or not a video at all)";
}

// What is wrong with the last box of an MP4 file of so many bytes; empty where it ends with the file. FFmpeg passes
// over a fragment whose header is cut off without a word.
std::string cut_off_box(const fs::path& path, uintmax_t bytes) {
  std::ifstream in(path, std::ios::binary);
  for (uintmax_t at = 0; at + 8 <= bytes;) {
    std::array<unsigned char, 16> head{};
    in.seekg(static_cast<std::streamoff>(at));
    in.read(reinterpret_cast<char*>(head.data()), head.size());
    if (in.gcount() < 8) return "";
    in.clear();
    const auto number = [&](size_t begin, size_t count) {
      uint64_t value = 0;
      for (size_t i = begin; i < begin + count; ++i) value = value << 8 | head[i];
      return value;
    };
    uint64_t size = number(0, 4);
    if (size == 1) size = number(8, 8);
    const std::string type(head.begin() + 4, head.begin() + 8);
    const bool named = std::all_of(type.begin(), type.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (size < 8 || !named) return "";  // to the end of the file, or no box
    if (size > bytes - at) return fmt::format("its last box, '{}', is not whole", type);
    at += size;
  }
  return "";
}

// The video stream that is read: FFmpeg's choice. @returns -1 when there is none but covers.
int choose_stream(const AVFormatContext& input) {
  const int chosen = av_find_best_stream(const_cast<AVFormatContext*>(&input), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  const bool cover = chosen >= 0 && (input.streams[chosen]->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
  return cover ? -1 : std::max(chosen, -1);
}

bool is_video(const AVStream& stream) {
  return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO && (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) == 0;
}

bool has_cover(const AVFormatContext& input) {
  for (unsigned i = 0; i < input.nb_streams; ++i)
    if ((input.streams[i]->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0) return true;
  return false;
}

}  // namespace

Demuxer::Demuxer(fs::path path) : path_(std::move(path)), stamp_(check_is_a_file()), input_(open()) {
  stream_ = choose_stream(*input_);
  if (stream_ < 0)
    fail<DataError>("{}: holds no video stream ({})", path_.string(),
                    has_cover(*input_) ? "only a cover picture" : "only sound or data");
  discard_others();
}

Demuxer::Stamp Demuxer::check_is_a_file() const {
  std::error_code code;
  const fs::file_status status = fs::status(path_, code);
  if (status.type() == fs::file_type::none || status.type() == fs::file_type::unknown)
    fail<DataError>("{}: {}", path_.string(), system_reason(code));
  if (!fs::exists(status)) fail<DataError>("{}: no such file", path_.string());
  if (fs::is_directory(status)) fail<DataError>("{}: is a folder, expected a video file", path_.string());
  if (!fs::is_regular_file(status)) fail<DataError>("{}: is not a regular file", path_.string());
  const uintmax_t bytes = fs::file_size(path_, code);
  if (code) fail<DataError>("{}: {}", path_.string(), system_reason(code));
  if (bytes == 0) fail<DataError>("{}: is empty (0 bytes)", path_.string());
  const fs::file_time_type written = fs::last_write_time(path_, code);
  if (code) fail<DataError>("{}: {}", path_.string(), system_reason(code));
  return {bytes, written};
}

UniqueInput Demuxer::open() const {
  const ErrorCapture errors;
  Dictionary options;
  options.set("protocol_whitelist", "file");
  options.set("format_whitelist", video_containers());
  AVFormatContext* raw = nullptr;
  int code = avformat_open_input(&raw, ("file:" + path_.string()).c_str(), nullptr, options.address());
  if (code < 0) {
    // Not the file's fault: it must not be left out as a broken one.
    if (is_shortage(AVUNERROR(code))) fail("{}: cannot be opened: {}", path_.string(), system_reason(AVUNERROR(code)));
    const std::string reason = errors.reason(code);
    fail<DataError>("{}: cannot be read as a video: {}{}", path_.string(), plain_reason(reason), hint(reason));
  }
  UniqueInput input(raw);
  code = avformat_find_stream_info(raw, nullptr);
  if (code < 0) fail<DataError>("{}: cannot be read as a video: {}", path_.string(), errors.reason(code));
  return input;
}

void Demuxer::discard_others() {
  for (unsigned i = 0; i < input_->nb_streams; ++i)
    if (static_cast<int>(i) != stream_) input_->streams[i]->discard = AVDISCARD_ALL;
}

void Demuxer::reopen() {
  if (check_is_a_file() != stamp_) fail<DataError>("{}: changed while it was read", path_.string());
  UniqueInput fresh = open();
  if (choose_stream(*fresh) != stream_) fail<DataError>("{}: changed while it was read", path_.string());
  input_ = std::move(fresh);
  discard_others();
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

std::optional<Orientation> Demuxer::orientation() const {
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
  if (matrix == nullptr) return std::nullopt;
  std::array<int32_t, 9> numbers{};
  std::memcpy(numbers.data(), matrix, sizeof(numbers));
  return orientation_of(numbers);
}

double Demuxer::pixel_aspect() const {
  const AVRational aspect = av_guess_sample_aspect_ratio(input_.get(), input_->streams[stream_], nullptr);
  return aspect.num > 0 && aspect.den > 0 ? av_q2d(aspect) : 1.0;
}

int64_t Demuxer::video_stream() const {
  int64_t before = 0;
  for (int i = 0; i < stream_; ++i) before += is_video(*input_->streams[i]) ? 1 : 0;
  return before;
}

int64_t Demuxer::video_streams() const {
  int64_t count = 0;
  for (unsigned i = 0; i < input_->nb_streams; ++i) count += is_video(*input_->streams[i]) ? 1 : 0;
  return count;
}

std::string Demuxer::cut_off_reason() const {
  return cut_off_reason_.empty() && container() == "mp4" ? cut_off_box(path_, stamp_.bytes) : cut_off_reason_;
}

std::optional<double> Demuxer::announced_end_s(bool of_sound_too) const {
  const AVStream& video = stream();
  // Only what the container itself states: a duration that FFmpeg guessed from the bit rate says nothing.
  const std::string name = container();
  if (name != "mp4" && name != "matroska" && name != "flv" && name != "asf") return std::nullopt;
  if (video.duration != AV_NOPTS_VALUE && video.duration > 0) {
    const int64_t begin = video.start_time == AV_NOPTS_VALUE ? 0 : video.start_time;
    return in_seconds(begin + video.duration, video.time_base);
  }
  if (input_->duration == AV_NOPTS_VALUE || input_->duration <= 0) return std::nullopt;
  if (input_->nb_streams > 1 && !of_sound_too) return std::nullopt;
  return in_seconds(input_->duration, AVRational{1, AV_TIME_BASE});  // counted from 0, not from the first picture
}

bool Demuxer::read(AVPacket& packet) {
  const ErrorCapture errors;
  for (int failures = 0; failures < kMaxReadErrorsInARow;) {
    av_packet_unref(&packet);
    const int code = av_read_frame(input_.get(), &packet);
    if (code < 0 && !errors.message().empty()) cut_off_reason_ = errors.message();
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
