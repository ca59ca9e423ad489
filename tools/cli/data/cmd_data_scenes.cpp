#include <CLI/CLI.hpp>
#include <memory>

#include "foresee/scenes.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "tools/cli/data/data_commands.h"
#include "tools/cli/options/request_flags.h"

namespace foresee::tools {
namespace {

int run_scenes(ScenesRequest request, const CommonOptions& common) {
  request.out = common.out.value_or("");
  request.options = job_options(common);
  const ScenesResult result = make_scenes(request, common.control);
  if (result.stopped) fail("data scenes: interrupted; nothing was written");
  if (common.json)
    print_json({{"folder", request.out.string()},
                {"labels", result.labels.string()},
                {"clips", result.clips},
                {"frames", request.frames},
                {"size", request.size},
                {"fps", request.fps},
                {"seed", common.seed}});
  else
    log_info("{}: {} clips of {} frames; what they show is in {}", request.out.string(), result.clips, request.frames,
             result.labels.string());
  return 0;
}

}  // namespace

Run setup_data_scenes(CLI::App& app, CommonOptions& common) {
  const auto request = std::make_shared<ScenesRequest>();
  const auto add = [&](const char* flag, int64_t& value, const char* meaning) {
    app.add_option(flag, value, meaning)->option_text("N")->capture_default_str();
  };
  add("--clips", request->clips, "Clips to draw (default 280)");
  add("--frames", request->frames, "Frames of a clip (default 16)");
  add("--size", request->size, "Pixels, height and width (default 64)");
  add("--fps", request->fps, "Frames per second (default 12)");
  add_overwrite(app, common);
  return [=, &common] {
    return naming_flags(
        {{"out", "--out FOLDER"}, {"clips", "--clips"}, {"frames", "--frames"}, {"size", "--size"}, {"fps", "--fps"}},
        [&] { return run_scenes(*request, common); });
  };
}

}  // namespace foresee::tools
