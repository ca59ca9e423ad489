#include <CLI/CLI.hpp>
#include <memory>

#include "data/episode/source.h"
#include "data/picture/image.h"
#include "data/video/encode.h"
#include "foresee/view/episode_view.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "tools/cli/data/data_commands.h"
#include "tools/cli/options/hints.h"
#include "tools/cli/options/unused.h"

namespace foresee::tools {
namespace {

struct ViewCommand {
  std::filesystem::path input, output;
  std::string camera;
  std::vector<int64_t> episodes;
  int64_t count = 4;
  ViewOptions view;
};

int view(const ViewCommand& command, const CommonOptions& common) {
  auto output = !command.output.empty() ? command.output : common.out.value_or("");
  if (output.empty()) fail("data view: --output FILE.png or FILE.mp4 is missing");
  const FileFormat format = format_of_extension(output);
  if (format != FileFormat::kPng && format != FileFormat::kJpeg && format != FileFormat::kMp4)
    fail("data view: {}: expected a name that ends in .png, .jpg or .mp4", output.string());
  Output place = Output::file(output, format, output_rules(common, {}, {command.input}));
  const auto source = with_hints({{"several cameras", "--camera NAME"}},
                                 [&] { return data::open_source(command.input, {.camera = command.camera}); });
  source->column("pixels");  // nothing to see without
  const bool video = format == FileFormat::kMp4;
  std::vector<int64_t> chosen = command.episodes;
  if (chosen.empty()) {  // evenly spread over the set
    const int64_t count = std::min(video ? 1 : command.count, source->episodes());
    for (int64_t i = 0; i < count; ++i) chosen.push_back(i * source->episodes() / count);
  }
  for (const int64_t episode : chosen)
    if (episode < 0 || episode >= source->episodes())
      fail("data view: episode {} is not there: {} holds {} (0..{})", episode, command.input.string(),
           source->episodes(), source->episodes() - 1);
  if (video) {
    const double fps = source->info().fps.value_or(10);
    std::unique_ptr<data::VideoWriter> writer;
    for (const int64_t episode : chosen) {
      const Tensor frames = view_frames(source->episode(episode));
      data::EncodeOptions encode;
      encode.fps_numerator = static_cast<int64_t>(fps * 1000 + 0.5);
      encode.fps_denominator = 1000;
      if (!writer) writer = std::make_unique<data::VideoWriter>(place.staged(), frames.size(2), frames.size(3), encode);
      for (int64_t t = 0; t < frames.size(0); ++t) writer->write(frames[t]);
    }
    writer->finish();
  } else {
    std::vector<data::Episode> episodes;
    for (const int64_t episode : chosen) episodes.push_back(source->episode(episode));
    data::write_image(place.staged(), contact_sheet(episodes, command.view));
  }
  place.commit();
  if (common.json) {
    nlohmann::ordered_json columns;
    for (const auto& column : source->info().columns) columns[column.name] = column.shape;
    print_json({{"output", output.string()},
                {"format", source->info().format},
                {"episodes", source->episodes()},
                {"shown", chosen},
                {"columns", columns}});
  } else {
    log_info("{}: {} of {} episodes ({})", output.string(), chosen.size(), source->episodes(), source->info().format);
  }
  return 0;
}

}  // namespace

Run setup_data_view(CLI::App& app, CommonOptions& common) {
  auto command = std::make_shared<ViewCommand>();
  app.add_option("--input", command->input, "A set of episodes of any format")->required()->option_text("PATH");
  app.add_option("--output", command->output, "A contact sheet (.png, .jpg) or a video (.mp4); also --out")
      ->option_text("FILE");
  app.add_option("--episode", command->episodes, "Numbers of the episodes to show (default: spread over the set)");
  app.add_option("--count", command->count, "Episodes of a contact sheet")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--columns", command->view.columns, "Pictures of an episode")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--size", command->view.picture, "Height of a picture, pixels")
      ->check(CLI::Range(16, 1024))
      ->capture_default_str();
  add_overwrite(app, common);
  app.add_option("--camera", command->camera, "Camera to show, where there are several");
  return [=, &app, &common] {
    if (!command->episodes.empty()) refuse_given(app, {"--count"}, "--episode says which episodes are shown");
    const auto& output = command->output.empty() ? common.out.value_or("") : command->output;
    if (format_of_extension(output) == FileFormat::kMp4)
      refuse_given(app, {"--count", "--columns", "--size"}, "they are of a contact sheet, and this is a film");
    return view(*command, common);
  };
}

}  // namespace foresee::tools
