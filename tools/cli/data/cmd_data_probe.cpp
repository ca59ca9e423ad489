#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "data/clip/video_set.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/text/duration.h"
#include "tools/cli/data/data_commands.h"

namespace foresee::tools {
namespace {

struct ProbeOptions {
  std::vector<std::filesystem::path> paths;
  bool decode = false;
};

struct ProbeTotals {
  int64_t readable = 0, broken = 0, frames = 0, lost = 0;
  double seconds = 0;
};

nlohmann::ordered_json probe_json(const std::string& path, const data::VideoInfo& info) {
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
          {"seekable", info.seekable}};
}

std::string probe_text(const std::string& path, const data::VideoInfo& info) {
  std::string text = fmt::format("{}: {} {} x {}, {:.3f} fps, {} frames, {}, key frame at least every {}", path,
                                 info.codec, info.width, info.height, info.average_fps, info.frame_count,
                                 duration_text(info.duration_s()), info.longest_gop);
  if (info.lost_frames > 0) text += fmt::format(", {} frames lost", info.lost_frames);
  if (!info.seekable) text += ", no usable times (every access counts from the start)";
  return text;
}

// Results are what this command is for: they go to standard output, one line a file.
void print_line(const std::string& text) { fmt::print(stdout, "{}\n", text); }
void print_line(const nlohmann::ordered_json& object) {
  print_line(object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

int probe(const ProbeOptions& options, const CommonOptions& common) {
  ProbeTotals totals;
  for (const auto& [path, name] : data::list_videos(options.paths)) {
    if (common.control.stopping()) break;
    try {
      const data::VideoInfo info = data::VideoReader(path, {.verify = options.decode}).info();
      ++totals.readable;
      totals.frames += info.frame_count;
      totals.lost += info.lost_frames;
      totals.seconds += info.duration_s();
      if (common.json)
        print_line(probe_json(path.string(), info));
      else
        print_line(probe_text(path.string(), info));
    } catch (const DataError& error) {
      ++totals.broken;
      std::string reason = error.what();
      if (const std::string prefix = path.string() + ": "; reason.starts_with(prefix)) reason.erase(0, prefix.size());
      if (common.json)
        print_line(nlohmann::ordered_json{{"path", path.string()}, {"broken", true}, {"reason", reason}});
      else
        print_line(fmt::format("{}: broken: {}", path.string(), reason));
    }
  }
  log_info("{} readable videos, {} frames, {}; {} broken, {} frames lost in readable ones", totals.readable,
           totals.frames, duration_text(totals.seconds), totals.broken, totals.lost);
  return totals.readable > 0 ? 0 : 1;
}

}  // namespace

Run setup_data_probe(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<ProbeOptions>();
  app.add_option("paths", options->paths, "Videos, folders, or list files ('path label' a line)")->required();
  app.add_flag("--decode", options->decode, "Decode every frame: also finds damage that the container does not show");
  return [=, &common] { return probe(*options, common); };
}

}  // namespace foresee::tools
