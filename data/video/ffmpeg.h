#pragma once

// Only files of data/video include this one.
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <string>

namespace foresee::data {

/// Frees with one of FFmpeg's functions that take the address of the pointer.
template <auto kFree>
struct FreeByAddress {
  template <class T>
  void operator()(T* pointer) const {
    kFree(&pointer);
  }
};
template <auto kFree>
struct FreeByValue {
  template <class T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};

using UniqueInput = std::unique_ptr<AVFormatContext, FreeByAddress<avformat_close_input>>;
using UniqueOutput = std::unique_ptr<AVFormatContext, FreeByValue<avformat_free_context>>;
using UniqueCodec = std::unique_ptr<AVCodecContext, FreeByAddress<avcodec_free_context>>;
using UniquePacket = std::unique_ptr<AVPacket, FreeByAddress<av_packet_free>>;
using UniqueFrame = std::unique_ptr<AVFrame, FreeByAddress<av_frame_free>>;
using UniqueScaler = std::unique_ptr<SwsContext, FreeByValue<sws_freeContext>>;

/// Key-value options for FFmpeg's open functions, which take out what they understand.
class Dictionary {
 public:
  Dictionary() = default;
  ~Dictionary() { av_dict_free(&options_); }
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  void set(const std::string& key, const std::string& value) { av_dict_set(&options_, key.c_str(), value.c_str(), 0); }
  AVDictionary** address() { return &options_; }
  /// The first option that nobody took; empty when all were.
  std::string left_over() const;

 private:
  AVDictionary* options_ = nullptr;
};

/// Keeps FFmpeg's log off the terminal and remembers the first error it reports on this thread while this object lives:
/// "moov atom not found" says more than the return code's "Invalid data found when processing input".
class ErrorCapture {
 public:
  ErrorCapture();
  ~ErrorCapture();
  ErrorCapture(const ErrorCapture&) = delete;
  ErrorCapture& operator=(const ErrorCapture&) = delete;

  /// What was reported, or else the text of FFmpeg's return code.
  std::string reason(int code) const;
  /// What was reported; empty when nothing was.
  const std::string& message() const { return first_; }

 private:
  std::string first_;
  std::string* outer_;
};

/// FFmpeg's names of the containers that are read, with commas: those of single files. Left out on purpose: playlists
/// and concatenation scripts, which name other files and network addresses, and pictures.
const char* video_containers();

/// FFmpeg's text for a return code.
std::string error_text(int code);

/// `units` of a time base in seconds.
inline double in_seconds(int64_t units, AVRational time_base) { return static_cast<double>(units) * av_q2d(time_base); }

}  // namespace foresee::data
