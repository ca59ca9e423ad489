#include "data/video/encode.h"

#include "data/video/ffmpeg.h"
#include "jepa/core/error.h"
#include "jepa/core/files/staged.h"

namespace foresee::data {
namespace fs = std::filesystem;
namespace {

void set_all(Dictionary& dictionary, const std::vector<std::pair<std::string, std::string>>& options) {
  for (const auto& [key, value] : options) dictionary.set(key, value);
}

}  // namespace

struct VideoWriter::Impl {
  Impl(const fs::path& target, int64_t height, int64_t width, const EncodeOptions& options)
      : path(target), staged(target), packet(av_packet_alloc()) {
    try {
      open_codec(height, width, options);
      open_file(options);
    } catch (...) {
      abandon();
      throw;
    }
  }
  ~Impl() { abandon(); }

  // Closes what finish() did not complete; the staged file goes with this object.
  void abandon() {
    if (output && output->pb != nullptr) avio_closep(&output->pb);
  }

  void check(int code, const char* what, const ErrorCapture& errors) const {
    if (code < 0) fail("{}: cannot {}: {}", path.string(), what, errors.reason(code));
  }

  void open_codec(int64_t height, int64_t width, const EncodeOptions& options) {
    const ErrorCapture errors;
    const AVCodec* encoder = avcodec_find_encoder_by_name(options.codec.c_str());
    if (encoder == nullptr) fail("{}: this FFmpeg has no encoder '{}'", path.string(), options.codec);
    const AVPixelFormat format = av_get_pix_fmt(options.pixel_format.c_str());
    if (format == AV_PIX_FMT_NONE) fail("{}: unknown pixel format '{}'", path.string(), options.pixel_format);
    const bool is_rgb = (av_pix_fmt_desc_get(format)->flags & AV_PIX_FMT_FLAG_RGB) != 0;
    const bool full_range = is_rgb || options.pixel_format.starts_with("yuvj");

    codec.reset(avcodec_alloc_context3(encoder));
    codec->width = static_cast<int>(width);
    codec->height = static_cast<int>(height);
    codec->pix_fmt = format;
    codec->framerate = {static_cast<int>(options.fps_numerator), static_cast<int>(options.fps_denominator)};
    codec->time_base = av_inv_q(codec->framerate);
    codec->gop_size = static_cast<int>(options.gop);
    codec->max_b_frames = static_cast<int>(options.b_frames);
    codec->colorspace = is_rgb ? AVCOL_SPC_RGB : AVCOL_SPC_SMPTE170M;  // swscale's default matrix, below
    codec->color_range = full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    codec->thread_count = 1;
    container = av_guess_format(nullptr, path.c_str(), nullptr);
    if (container == nullptr) fail("{}: no container is known by this extension (mp4, mkv, avi, ...)", path.string());
    if ((container->flags & AVFMT_GLOBALHEADER) != 0) codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    Dictionary dictionary;
    set_all(dictionary, options.codec_options);
    check(avcodec_open2(codec.get(), encoder, dictionary.address()),
          fmt::format("encode {} x {} {} with {}", width, height, options.pixel_format, options.codec).c_str(), errors);
    if (!dictionary.left_over().empty())
      fail("{}: {} has no option '{}'", path.string(), options.codec, dictionary.left_over());

    picture.reset(av_frame_alloc());
    picture->format = format;
    picture->width = codec->width;
    picture->height = codec->height;
    picture->colorspace = codec->colorspace;
    picture->color_range = codec->color_range;
    check(av_frame_get_buffer(picture.get(), 64), "hold a picture", errors);
    scaler.reset(sws_getContext(codec->width, codec->height, AV_PIX_FMT_RGB24, codec->width, codec->height, format,
                                SWS_BICUBIC | SWS_BITEXACT | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP, nullptr, nullptr,
                                nullptr));
    if (!scaler) fail("{}: cannot convert RGB to '{}'", path.string(), options.pixel_format);
    const int* matrix = sws_getCoefficients(SWS_CS_DEFAULT);
    const int one = 1 << 16;
    sws_setColorspaceDetails(scaler.get(), matrix, /*srcRange=*/1, matrix, full_range ? 1 : 0, 0, one, one);
  }

  void open_file(const EncodeOptions& options) {
    const ErrorCapture errors;
    AVFormatContext* raw = nullptr;
    check(avformat_alloc_output_context2(&raw, container, nullptr, ("file:" + staged.path().string()).c_str()), "open",
          errors);
    output.reset(raw);
    stream = avformat_new_stream(raw, nullptr);
    stream->time_base = codec->time_base;
    stream->avg_frame_rate = codec->framerate;
    check(avcodec_parameters_from_context(stream->codecpar, codec.get()), "describe the stream", errors);
    check(avio_open(&raw->pb, ("file:" + staged.path().string()).c_str(), AVIO_FLAG_WRITE), "create", errors);
    Dictionary dictionary;
    set_all(dictionary, options.format_options);
    check(avformat_write_header(raw, dictionary.address()), "write the header", errors);
    if (!dictionary.left_over().empty())
      fail("{}: {} has no option '{}'", path.string(), container->name, dictionary.left_over());
  }

  // Gives one picture (nullptr: no more) to the encoder and writes what comes out.
  void encode(const AVFrame* frame) {
    const ErrorCapture errors;
    check(avcodec_send_frame(codec.get(), frame), "encode", errors);
    while (true) {
      const int code = avcodec_receive_packet(codec.get(), packet.get());
      if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return;
      check(code, "encode", errors);
      if (packet->duration == 0) packet->duration = 1;
      av_packet_rescale_ts(packet.get(), codec->time_base, stream->time_base);
      check(av_interleaved_write_frame(output.get(), packet.get()), "write", errors);
    }
  }

  fs::path path;
  StagedFile staged;
  UniqueCodec codec;
  const AVOutputFormat* container = nullptr;
  UniqueOutput output;
  AVStream* stream = nullptr;
  UniquePacket packet;
  UniqueFrame picture;
  UniqueScaler scaler;
  int64_t frames = 0;
};

VideoWriter::VideoWriter(const fs::path& path, int64_t height, int64_t width, EncodeOptions options) {
  FORESEE_CHECK(height > 0 && width > 0, "expected a picture size, got {} x {}", width, height);
  impl_ = std::make_unique<Impl>(path, height, width, options);
}
VideoWriter::~VideoWriter() = default;
VideoWriter::VideoWriter(VideoWriter&&) noexcept = default;
VideoWriter& VideoWriter::operator=(VideoWriter&&) noexcept = default;

void VideoWriter::write(const Tensor& frame, std::optional<int64_t> tick) {
  FORESEE_CHECK(impl_ != nullptr, "the file is finished");
  AVFrame& picture = *impl_->picture;
  FORESEE_CHECK(frame.scalar_type() == at::kByte && frame.dim() == 3 && frame.size(0) == 3 &&
                    frame.size(1) == picture.height && frame.size(2) == picture.width,
                "expected uint8 [3, {}, {}], got {}", picture.height, picture.width, describe(frame));
  const Tensor packed = frame.permute({1, 2, 0}).contiguous();  // [H, W, 3]
  const uint8_t* rows = packed.data_ptr<uint8_t>();
  const int stride = 3 * picture.width;
  const ErrorCapture errors;
  impl_->check(av_frame_make_writable(&picture), "hold a picture", errors);
  sws_scale(impl_->scaler.get(), &rows, &stride, 0, picture.height, picture.data, picture.linesize);
  picture.pts = tick.value_or(impl_->frames);
  ++impl_->frames;
  impl_->encode(&picture);
}

void VideoWriter::finish() {
  FORESEE_CHECK(impl_ != nullptr, "the file is finished");
  const std::unique_ptr<Impl> impl = std::move(impl_);
  impl->encode(nullptr);
  const ErrorCapture errors;
  impl->check(av_write_trailer(impl->output.get()), "finish", errors);
  impl->check(avio_closep(&impl->output->pb), "close", errors);
  impl->staged.commit();
}

void write_video(const fs::path& path, const Tensor& frames, const EncodeOptions& options) {
  FORESEE_CHECK(frames.dim() == 4, "expected uint8 [T, 3, H, W], got {}", describe(frames));
  VideoWriter writer(path, frames.size(2), frames.size(3), options);
  for (int64_t t = 0; t < frames.size(0); ++t) writer.write(frames[t]);
  writer.finish();
}

}  // namespace foresee::data
