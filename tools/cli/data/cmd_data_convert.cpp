#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "data/episode/sink.h"
#include "data/episode/source.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/progress.h"
#include "tools/cli/data/data_commands.h"

namespace foresee::tools {
namespace {

constexpr double kUnknownFps = 10;  // Two-Room's and Push-T's rate

struct ConvertOptions {
  std::vector<std::filesystem::path> input;
  std::filesystem::path output;
  std::string format = "hdf5", camera, codec = "libx264", robot_type = "unknown";
  std::optional<double> fps;
  std::optional<int64_t> episodes;
  bool blosc = false;
};

int convert(const ConvertOptions& options, const CommonOptions& common) {
  const auto output = !options.output.empty() ? options.output : common.out.value_or("");
  if (output.empty()) fail("data convert: --output PATH is missing");
  std::vector<std::unique_ptr<data::EpisodeSource>> sources;
  int64_t total = 0;
  const OutputRules rules = output_rules(common, {}, options.input);
  Output place = options.format == "hdf5"  ? Output::file(output, FileFormat::kHdf5, rules)
                 : options.format == "npz" ? Output::file(output, FileFormat::kNpz, rules)
                                           : Output::folder(output, "episodes", rules);
  for (const auto& path : options.input) {
    sources.push_back(data::open_source(path, {.camera = options.camera}));
    total += sources.back()->episodes();
  }
  if (options.episodes) total = std::min(total, *options.episodes);
  data::SinkOptions sink_options{.codec = options.codec, .robot_type = options.robot_type};
  sink_options.fps = options.fps.value_or(sources.front()->info().fps.value_or(kUnknownFps));
  if (options.blosc) sink_options.compression = data::PixelCompression::kBloscLz4;
  if (!options.fps && !sources.front()->info().fps && (options.format == "video" || options.format == "lerobot"))
    log_warning("{} does not say how many rows a second has: {} is written (--fps)", options.input.front().string(),
                kUnknownFps);
  const auto sink = data::make_sink(options.format, place.staged(), sink_options);
  Progress progress(common.control, "convert", total, "episodes");
  int64_t done = 0, rows = 0;
  for (const auto& source : sources)
    for (int64_t e = 0; e < source->episodes() && done < total; ++e) {
      if (common.control.stopping()) fail("data convert: interrupted; nothing was written");
      const data::Episode episode = source->episode(e);
      sink->add(episode);
      rows += episode.length();
      progress.update(++done);
    }
  progress.finish();
  sink->commit();
  place.commit();
  if (common.json)
    print_json({{"output", output.string()},
                {"format", options.format},
                {"from", sources.front()->info().format},
                {"episodes", done},
                {"rows", rows}});
  else
    log_info("{}: {} episodes, {} rows, {} -> {}", output.string(), done, rows, sources.front()->info().format,
             options.format);
  return 0;
}

}  // namespace

Run setup_data_convert(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<ConvertOptions>();
  app.add_option(
         "--input", options->input,
         "Sets of episodes: HDF5, npz, stable-worldmodel's folder or video layout, LeRobot v2.1 or v3, DINO-WM, "
         "DROID raw")
      ->required()
      ->option_text("PATH...");
  app.add_option("--output", options->output, "What is written (also --out)")->option_text("PATH");
  app.add_option("--format", options->format, fmt::format("{}", fmt::join(data::writable_formats(), ", ")))
      ->check(CLI::IsMember(std::vector<std::string>(data::writable_formats().begin(), data::writable_formats().end())))
      ->capture_default_str();
  app.add_option("--camera", options->camera, "Camera that becomes \"pixels\", where there are several");
  app.add_option("--fps", options->fps, "Rows a second of the output (default: the input's, else 10)")
      ->check(CLI::PositiveNumber);
  app.add_option("--codec", options->codec, "FFmpeg's encoder for video and lerobot: libx264, libsvtav1, ...")
      ->capture_default_str();
  app.add_option("--robot-type", options->robot_type, "robot_type of a LeRobot set")->capture_default_str();
  app.add_option("--episodes", options->episodes, "Only the first N")->check(CLI::PositiveNumber);
  add_overwrite(app, common);
  app.add_flag("--blosc", options->blosc, "hdf5: compress pictures (Blosc, LZ4)");
  return [=, &common] { return convert(*options, common); };
}

}  // namespace foresee::tools
