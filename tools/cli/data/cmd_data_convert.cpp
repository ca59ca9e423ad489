#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "foresee/convert.h"
#include "foresee/convert/names.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/picture_rule.h"
#include "tools/cli/data/data_commands.h"
#include "tools/cli/options/enum_option.h"
#include "tools/cli/options/hints.h"
#include "tools/cli/options/unused.h"

namespace foresee::tools {
namespace {

/// "128" or "96x128".
void take_size(const std::string& text, ConvertRequest& request) {
  const size_t cross = text.find('x');
  int64_t height = 0, width = 0;
  if (!CLI::detail::lexical_cast(text.substr(0, cross), height) ||
      !CLI::detail::lexical_cast(cross == std::string::npos ? text : text.substr(cross + 1), width) || height < 1 ||
      width < 1)
    throw CLI::ValidationError("--size", "expected N or HEIGHTxWIDTH, got '" + text + "'");
  request.height = height;
  request.width = width;
}

void refuse_unused_of_format(const CLI::App& app, const ConvertRequest& request) {
  using Format = ConvertRequest::Format;
  const Format format = request.format;
  const std::string why = fmt::format("format {} does not have it", name_of(kConvertFormatNames, format));
  const bool films = format == Format::kVideo || format == Format::kLeRobot;
  if (!films) refuse_given(app, {"--fps", "--codec"}, why);
  if (format != Format::kLeRobot) refuse_given(app, {"--robot-type"}, why);
  if (format != Format::kHdf5) refuse_given(app, {"--blosc"}, why);
  if (app.count("--size") == 0) refuse_given(app, {"--picture"}, "without --size pictures stay as they are");
}

int run_convert(ConvertRequest request, const CommonOptions& common) {
  if (request.out.empty()) request.out = common.out.value_or("");
  if (request.out.empty()) fail("data convert: --output PATH is missing");
  request.options.overwrite = common.overwrite;
  request.options.settings.config = common.config;
  const ConvertResult result =
      with_hints({{"several cameras", "--camera NAME"}, {"whole number of frames a second", "--fps N"}},
                 [&] { return convert(request, common.control); });
  if (result.stopped) fail("data convert: interrupted; nothing was written");
  const auto format = name_of(kConvertFormatNames, request.format);
  if (common.json)
    print_json({{"output", request.out.string()},
                {"format", format},
                {"from", result.from},
                {"episodes", result.episodes},
                {"rows", result.rows},
                {"left_out", result.left_out}});
  else
    log_info("{}: {} episodes, {} rows, {} -> {}", request.out.string(), result.episodes, result.rows, result.from,
             format);
  return 0;
}

}  // namespace

Run setup_data_convert(CLI::App& app, CommonOptions& common) {
  const auto request = std::make_shared<ConvertRequest>();
  app.add_option(
         "--input", request->inputs,
         "Sets of episodes: HDF5, npz, stable-worldmodel's folder or video layout, LeRobot v2.1 or v3, DINO-WM, "
         "DROID raw")
      ->required()
      ->option_text("PATH...");
  app.add_option("--output", request->out, "What is written (also --out)")->option_text("PATH");
  add_choice(app, "--format", request->format, kConvertFormatNames,
             fmt::format("{}", fmt::join(names_in(kConvertFormatNames), ", ")));
  app.add_option("--camera", request->camera,
                 "Camera that becomes \"pixels\", where there are several; A,B: these are kept, A as \"pixels\"");
  app.add_option_function<std::string>(
         "--size", [request](const std::string& text) { take_size(text, *request); },
         "Pictures are brought to this size, pixels: N or HEIGHTxWIDTH")
      ->option_text("N|HxW");
  add_choice(app, "--picture", request->picture, kPictureRuleNames, "How pictures are brought to --size");
  app.add_option("--tolerance-s", request->tolerance_s,
                 "How far a film's frame may lie from its row's time, seconds (default: half a row)")
      ->check(CLI::PositiveNumber);
  app.add_flag("--strict", request->strict, "An episode with a broken part is an error, instead of being left out");
  app.add_option("--fps", request->fps, "Rows a second of the output (default: the input's, else 10)")
      ->check(CLI::PositiveNumber);
  app.add_option("--codec", request->codec, "FFmpeg's encoder for video and lerobot: libx264, libsvtav1, ...")
      ->capture_default_str();
  app.add_option("--robot-type", request->robot_type,
                 "robot_type of a LeRobot set (default: the input's, else unknown)");
  app.add_option("--episodes", request->episodes, "Only the first N")->check(CLI::PositiveNumber);
  add_overwrite(app, common);
  app.add_flag("--blosc", request->blosc, "hdf5: compress pictures (Blosc, LZ4)");
  return [=, &app, &common] {
    refuse_unused_of_format(app, *request);
    return run_convert(*request, common);
  };
}

}  // namespace foresee::tools
