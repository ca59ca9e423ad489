#include "data/video/remarks.h"

#include <fmt/format.h>

#include <cmath>

namespace foresee::data {
namespace {

std::string sizes_text(const std::vector<PictureSize>& sizes) {
  std::string text;
  for (const PictureSize& size : sizes)
    text += fmt::format("{}{} x {}", text.empty() ? "" : ", ", size.width, size.height);
  return text;
}

void remark_on_reading(const VideoInfo& info, std::vector<std::string>& out) {
  if (!info.seekable)
    out.push_back(fmt::format("is decoded in order, since {} (every jump backward starts at the first frame)",
                              info.counted_because));
  if (info.lost_frames > 0) out.push_back(fmt::format("{} frames lost", info.lost_frames));
  if (info.announced_end_s)
    out.push_back(fmt::format("ends early: at {:.2f} of {:.2f} s", info.end_s, *info.announced_end_s));
  if (!info.cut_off_reason.empty()) out.push_back(fmt::format("cut off ({})", info.cut_off_reason));
  if (info.variable_rate)
    out.push_back(fmt::format("variable rate, {:.3g} to {:.3g} fps", info.lowest_fps, info.highest_fps));
  if (info.header_fps)
    out.push_back(fmt::format("its header says {:.4g} fps, its times {:.4g}", *info.header_fps, info.average_fps));
}

void remark_on_pictures(const VideoInfo& info, std::vector<std::string>& out) {
  if (info.mirrored) out.emplace_back("mirrored left to right as the file asks");
  if (info.rotation_degrees != 0)
    out.push_back(fmt::format("turned by {} degrees as the file asks", info.rotation_degrees));
  if (std::abs(info.pixel_aspect - 1) > 1e-3)
    out.push_back(fmt::format("pixels {:.3f} times as wide as high (not evened out)", info.pixel_aspect));
  if (info.interlaced) out.emplace_back("interlaced (both fields in one picture)");
  if (!info.hdr.empty())
    out.push_back(fmt::format("{} bit HDR ({}), brought to ordinary range", info.bit_depth, info.hdr));
  else if (info.bit_depth > 8)
    out.push_back(fmt::format("{} bit, read as 8", info.bit_depth));
  if (info.transparency) out.emplace_back("transparency is left out");
  if (info.stored_sizes.size() > 1)
    out.push_back(fmt::format("its size changes ({}), all frames come as {} x {}", sizes_text(info.stored_sizes),
                              info.width, info.height));
  if (info.video_streams > 1)
    out.push_back(fmt::format("{} video streams, number {} is read", info.video_streams, info.video_stream + 1));
}

}  // namespace

std::vector<std::string> remarks(const VideoInfo& info) {
  std::vector<std::string> out;
  remark_on_reading(info, out);
  remark_on_pictures(info, out);
  return out;
}

}  // namespace foresee::data
