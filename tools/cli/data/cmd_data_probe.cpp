#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "data/clip/video_set.h"
#include "data/video/remarks.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/text/counted.h"
#include "jepa/core/text/duration.h"
#include "jepa/core/watch/progress.h"
#include "tools/cli/data/data_commands.h"
#include "tools/start/streams.h"

namespace foresee::tools {
namespace {

struct ProbeOptions {
  std::vector<std::filesystem::path> paths;
  bool decode = false, json_lines = false;
};

struct ProbeTotals {
  int64_t readable = 0, broken = 0, frames = 0, lost = 0;
  double seconds = 0;
};

nlohmann::ordered_json optional_number(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json probe_json(const std::string& path, const data::VideoInfo& info) {
  nlohmann::ordered_json sizes = nlohmann::ordered_json::array();
  for (const data::PictureSize& size : info.stored_sizes) sizes.push_back({size.width, size.height});
  return {{"path", path},
          {"broken", false},
          {"codec", info.codec},
          {"container", info.container},
          {"pixel_format", info.pixel_format},
          {"width", info.width},
          {"height", info.height},
          {"rotation_degrees", info.rotation_degrees},
          {"fps", info.average_fps},
          {"frames", info.frame_count},
          {"lost_frames", info.lost_frames},
          {"duration_s", info.duration_s()},
          {"key_frames", info.key_frames},
          {"longest_gop", info.longest_gop},
          {"seekable", info.seekable},
          {"begin_s", info.begin_s},
          {"mirrored", info.mirrored},
          {"pixel_aspect", info.pixel_aspect},
          {"interlaced", info.interlaced},
          {"bit_depth", info.bit_depth},
          {"hdr", info.hdr},
          {"video_streams", info.video_streams},
          {"video_stream", info.video_stream},
          {"sizes", sizes},
          {"variable_rate", info.variable_rate},
          {"lowest_fps", info.lowest_fps},
          {"highest_fps", info.highest_fps},
          {"header_fps", optional_number(info.header_fps)},
          {"announced_end_s", optional_number(info.announced_end_s)},
          {"remarks", data::remarks(info)}};
}

std::string probe_text(const std::string& path, const data::VideoInfo& info) {
  std::string text = fmt::format("{}: {} {} x {}, {:.3f} fps, {}, {}, key frame at least every {}", path, info.codec,
                                 info.width, info.height, info.average_fps, counted(info.frame_count, "frame"),
                                 duration_text(info.duration_s()), info.longest_gop);
  for (const std::string& remark : data::remarks(info)) text += ", " + remark;
  return text;
}

int probe(const ProbeOptions& options, const CommonOptions& common) {
  ProbeTotals totals;
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  const auto say = [&](const std::string& text, const nlohmann::ordered_json& row) {
    if (options.json_lines)
      print_json(row, /*indent=*/-1);
    else if (common.json)
      rows.push_back(row);
    else
      print_line("{}", text);  // results are what this command is for: they go to standard output
  };
  const data::VideoListing listing = data::list_video_files(options.paths);
  // Where a row is printed for each file, the rows are the progress.
  const bool silent = common.json && !options.json_lines;
  Progress progress(silent ? common.control : JobControl{}, "probe", static_cast<int64_t>(listing.videos.size()),
                    "videos");
  for (const data::ListedVideo& video : listing.videos) {
    if (common.control.stopping()) break;
    const std::string path = video.path.string();
    try {
      const data::VideoInfo info = data::VideoReader(video.path, {.verify = options.decode}).info();
      ++totals.readable;
      totals.frames += info.frame_count;
      totals.lost += info.lost_frames;
      totals.seconds += info.duration_s();
      say(probe_text(path, info), probe_json(path, info));
    } catch (const DataError& error) {
      ++totals.broken;
      std::string reason = error.what();
      if (const std::string prefix = path + ": "; reason.starts_with(prefix)) reason.erase(0, prefix.size());
      say(fmt::format("{}: broken: {}", path, reason), {{"path", path}, {"broken", true}, {"reason", reason}});
    }
    progress.update(totals.readable + totals.broken);
  }
  progress.finish();
  const std::string left_out = listing.left_out.empty() ? "" : listing.left_out.text();
  if (common.json && !options.json_lines)
    print_json({{"videos", rows},
                {"readable", totals.readable},
                {"broken", totals.broken},
                {"frames", totals.frames},
                {"lost_frames", totals.lost},
                {"duration_s", totals.seconds},
                {"left_out", left_out}});
  if (!left_out.empty()) log_info("{}", left_out);
  log_info("{}, {}, {}; {} broken, {} lost in readable ones", counted(totals.readable, "readable video"),
           counted(totals.frames, "frame"), duration_text(totals.seconds), totals.broken,
           counted(totals.lost, "frame"));
  return totals.readable > 0 ? 0 : 1;
}

}  // namespace

Run setup_data_probe(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<ProbeOptions>();
  app.add_option("paths", options->paths, "Videos, folders, or list files ('path label' a line)")->required();
  app.add_flag("--decode", options->decode, "Decode every frame: also finds damage that the container does not show");
  app.add_flag("--jsonl", options->json_lines, "Prints one JSON object per line and file, as soon as it is read");
  return [=, &common] { return probe(*options, common); };
}

}  // namespace foresee::tools
