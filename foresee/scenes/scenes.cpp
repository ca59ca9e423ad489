#include "foresee/scenes.h"

#include <fmt/ranges.h>

#include <string_view>
#include <vector>

#include "data/video/encode.h"
#include "data/video/scene/render.h"
#include "foresee/settings/job_output.h"
#include "foresee/settings/threads.h"
#include "jepa/core/api/request_error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/watch/progress.h"

namespace foresee {
namespace {

void check_scenes(const ScenesRequest& request) {
  const auto within = [](const char* member, int64_t value, int64_t least, int64_t most) {
    if (value < least || value > most)
      throw RequestError(member,
                         fmt::format("data scenes: expected {} of {} to {}, got {}", member, least, most, value));
  };
  if (request.out.empty()) throw RequestError("out", "data scenes: expected a folder for the clips");
  within("clips", request.clips, 1, 1000000);
  within("frames", request.frames, 2, 4096);
  within("size", request.size, 16, 2048);
  within("fps", request.fps, 1, 1000);
  if (request.size % 2 != 0)
    throw RequestError("size", fmt::format("data scenes: expected an even size, got {}", request.size));
}

std::string header_line() {
  std::vector<std::string_view> names{"clip"};
  for (const auto& factor : data::scene_factors()) names.push_back(factor.name);
  return fmt::format("{}\n", fmt::join(names, ","));
}

std::string label_line(const std::string& file, const data::SceneFactors& factors) {
  std::vector<std::string_view> values{file};
  for (const auto& factor : data::scene_factors())
    values.push_back(factor.values.at(static_cast<size_t>(factors.*factor.member)));
  return fmt::format("{}\n", fmt::join(values, ","));
}

}  // namespace

ScenesResult make_scenes(const ScenesRequest& request, const JobControl& control) {
  check_scenes(request);
  Output place = Output::folder(request.out, "scenes", job_output(request.options, {}));
  const JobThreads threads(request.options.threads);
  std::filesystem::create_directories(place.staged());
  const data::EncodeOptions encoding{
      .fps_numerator = request.fps, .codec_options = {{"crf", "12"}}, .format_options = {}};
  std::string labels = header_line();
  Progress progress(control, "scenes", request.clips, "clips");
  for (int64_t i = 0; i < request.clips; ++i) {
    if (control.stopping()) return {.stopped = true};
    const std::string file = fmt::format("scene-{:06d}.mp4", i);
    const data::SceneFactors factors = data::draw_factors(request.options.seed, i);
    data::write_video(place.staged() / file,
                      data::render_scene(factors, request.options.seed, i,
                                         {.frames = request.frames, .height = request.size, .width = request.size}),
                      encoding);
    labels += label_line(file, factors);
    progress.update(i + 1);
  }
  write_file(place.staged() / "labels.csv", labels);
  progress.finish();
  place.commit();
  return {.clips = request.clips, .labels = place.path() / "labels.csv"};
}

}  // namespace foresee
