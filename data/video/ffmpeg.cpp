#include "data/video/ffmpeg.h"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <mutex>

namespace foresee::data {
namespace {

thread_local std::string* captured_error = nullptr;

void capture_line(void*, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_ERROR || captured_error == nullptr || !captured_error->empty()) return;
  std::array<char, 512> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  *captured_error = line.data();
  while (!captured_error->empty() && (captured_error->back() == '\n' || captured_error->back() == '.'))
    captured_error->pop_back();
}

}  // namespace

std::string Dictionary::left_over() const {
  const AVDictionaryEntry* entry = av_dict_get(options_, "", nullptr, AV_DICT_IGNORE_SUFFIX);
  return entry == nullptr ? "" : entry->key;
}

ErrorCapture::ErrorCapture() : outer_(captured_error) {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(capture_line); });
  captured_error = &first_;
}

ErrorCapture::~ErrorCapture() { captured_error = outer_; }

std::string ErrorCapture::reason(int code) const { return first_.empty() ? error_text(code) : first_; }

const char* video_containers() {
  return "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,h264,hevc,m4v,ivf,nut,mxf,gif,"
         "yuv4mpegpipe,dv,obu,rm";
}

std::string error_text(int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(code, text.data(), text.size());
  return text.data();
}

}  // namespace foresee::data
