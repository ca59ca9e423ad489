#include "foresee/convert.h"

#include <algorithm>

#include "data/episode/sink.h"
#include "data/episode/source.h"
#include "foresee/convert/names.h"
#include "foresee/settings/job_output.h"
#include "foresee/settings/names.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/watch/progress.h"

namespace foresee {
namespace {

using Format = ConvertRequest::Format;
using Sources = std::vector<std::unique_ptr<data::EpisodeSource>>;

constexpr double kUnknownFps = 10;  // Two-Room's and Push-T's rate

Output claim(const ConvertRequest& request) {
  const OutputRules rules = job_output(request.options, {}, request.inputs);
  if (request.format == Format::kHdf5) return Output::file(request.out, FileFormat::kHdf5, rules);
  if (request.format == Format::kNpz) return Output::file(request.out, FileFormat::kNpz, rules);
  return Output::folder(request.out, "episodes", rules);
}

data::SinkOptions sink_options(const ConvertRequest& request, const data::SourceInfo& first) {
  if (!request.fps && !first.fps && (request.format == Format::kVideo || request.format == Format::kLeRobot))
    log_warning("{} does not say how many rows a second has: {} is written", request.inputs.front().string(),
                kUnknownFps);
  return {.fps = request.fps.value_or(first.fps.value_or(kUnknownFps)),
          .compression = request.blosc ? data::PixelCompression::kBloscLz4 : data::PixelCompression::kNone,
          .codec = request.codec,
          .robot_type = request.robot_type};
}

}  // namespace

ConvertResult convert(const ConvertRequest& request, const JobControl& control) {
  FORESEE_CHECK(!request.inputs.empty(), "expected at least one set of episodes");
  FORESEE_CHECK(!request.out.empty(), "expected a place for the episodes");
  FORESEE_CHECK(!request.episodes || *request.episodes > 0, "expected at least one episode");
  FORESEE_CHECK(!request.fps || *request.fps > 0, "expected a positive rate, got {}", *request.fps);
  Output place = claim(request);
  Sources sources;
  int64_t total = 0;
  for (const auto& path : request.inputs) {
    sources.push_back(data::open_source(path, {.camera = request.camera}));
    total += sources.back()->episodes();
  }
  if (request.episodes) total = std::min(total, *request.episodes);
  const data::SourceInfo& first = sources.front()->info();
  const auto sink = data::make_sink(std::string(name_of(kConvertFormatNames, request.format)), place.staged(),
                                    sink_options(request, first));

  ConvertResult result{.from = first.format};
  Progress progress(control, "convert", total, "episodes");
  for (const auto& source : sources)
    for (int64_t e = 0; e < source->episodes() && result.episodes < total; ++e) {
      result.stopped = control.stopping();
      if (result.stopped) return result;
      const data::Episode episode = source->episode(e);
      sink->add(episode);
      result.rows += episode.length();
      progress.update(++result.episodes);
    }
  progress.finish();
  sink->commit();
  place.commit();
  return result;
}

}  // namespace foresee
