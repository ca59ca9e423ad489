#include "foresee/convert.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "data/episode/sink.h"
#include "data/episode/source.h"
#include "data/picture/fit.h"
#include "foresee/convert/names.h"
#include "foresee/settings/job_output.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/names.h"
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
  return Output::folder(request.out, "episodes", rules,
                        request.format == Format::kLeRobot ? kOutputMarker : kColumnsMarker);
}

/// Names and parts that a LeRobot set keeps when it becomes one again.
std::map<std::string, data::FeatureName> feature_names(const data::SourceInfo& info) {
  std::map<std::string, data::FeatureName> out;
  if (info.format != "lerobot") return out;
  for (const auto& column : info.columns)
    if (!column.origin.empty()) out[column.name] = {column.origin, column.parts};
  return out;
}

data::SinkOptions sink_options(const ConvertRequest& request, const data::SourceInfo& first) {
  if (!request.fps && !first.fps && (request.format == Format::kVideo || request.format == Format::kLeRobot))
    log_warning("{} does not say how many rows a second has: {} is written", request.inputs.front().string(),
                kUnknownFps);
  if (request.fps && first.fps && std::abs(*request.fps / *first.fps - 1) > 0.001)
    log_warning(
        "{} records {:g} rows per second: they are all kept, and {:g} per second play at {:.3g} times the speed",
        request.inputs.front().string(), *first.fps, *request.fps, *request.fps / *first.fps);
  return {.fps = request.fps.value_or(first.fps.value_or(kUnknownFps)),
          .compression = request.blosc ? data::PixelCompression::kBloscLz4 : data::PixelCompression::kNone,
          .codec = request.codec,
          .robot_type = !request.robot_type.empty() ? request.robot_type
                        : !first.robot_type.empty() ? first.robot_type
                                                    : "unknown",
          .features = feature_names(first)};
}

/// Brings all pictures of an episode to a size.
void resize_pictures(data::Episode& episode, int64_t height, int64_t width, PictureRule rule) {
  const auto fit = [&](Tensor& pictures) {
    if (pictures.size(1) == height && pictures.size(2) == width) return;
    Tensor out = at::empty({pictures.size(0), height, width, 3}, at::kByte);
    for (int64_t t = 0; t < pictures.size(0); ++t)
      out[t].copy_(data::fit_picture(pictures[t].permute({2, 0, 1}), {.size = height, .width = width, .rule = rule})
                       .permute({1, 2, 0}));
    pictures = out;
  };
  fit(episode.frames);
  for (auto& [name, values] : episode.columns)
    if (values.scalar_type() == at::kByte && values.dim() == 4 && values.size(3) == 3) fit(values);
}

/// A whole episode; nothing, and a part of `broken` more, where its pictures or numbers cannot be read.
std::optional<data::Episode> readable_episode(const data::EpisodeSource& source, int64_t index, bool strict,
                                              std::vector<data::LeftOut>& broken) {
  try {
    return source.episode(index);
  } catch (const DataError& error) {
    if (strict) throw;
    broken.push_back({source.info().names[static_cast<size_t>(index)], error.what()});
    return {};
  }
}

}  // namespace

ConvertResult convert(const ConvertRequest& request, const JobControl& control) {
  FORESEE_CHECK(!request.inputs.empty(), "expected at least one set of episodes");
  FORESEE_CHECK(!request.out.empty(), "expected a place for the episodes");
  FORESEE_CHECK(!request.episodes || *request.episodes > 0, "expected at least one episode");
  FORESEE_CHECK(!request.fps || *request.fps > 0, "expected a positive rate, got {}", *request.fps);
  FORESEE_CHECK(request.height.has_value() == request.width.has_value() && request.height.value_or(1) > 0 &&
                    request.width.value_or(1) > 0,
                "expected a height and a width, both positive, or none");
  Output place = claim(request);
  Sources sources;
  std::vector<data::LeftOut> broken;
  int64_t total = 0, left_out = 0;
  for (const auto& path : request.inputs) {
    sources.push_back(data::open_source(path, {.camera = request.camera,
                                               .tolerance_s = request.tolerance_s,
                                               .strict = request.strict,
                                               .every_camera = true}));
    static_cast<void>(sources.back()->column("pixels"));  // a set needs pictures
    total += sources.back()->episodes();
    left_out += static_cast<int64_t>(sources.back()->info().left_out.size());
  }
  if (request.episodes) total = std::min(total, *request.episodes);
  const data::SourceInfo& first = sources.front()->info();
  const auto sink = data::make_sink(*value_of(data::kSinkFormatNames, name_of(kConvertFormatNames, request.format)),
                                    place.staged(), sink_options(request, first));

  ConvertResult result{.from = first.format, .left_out = left_out};
  Progress progress(control, "convert", total, "episodes");
  for (const auto& source : sources)
    for (int64_t e = 0; e < source->episodes() && result.episodes < total; ++e) {
      result.stopped = control.stopping();
      if (result.stopped) return result;
      std::optional<data::Episode> episode = readable_episode(*source, e, request.strict, broken);
      if (!episode) continue;
      if (request.height) resize_pictures(*episode, *request.height, *request.width, request.picture);
      sink->add(*episode);
      result.rows += episode->length();
      progress.update(++result.episodes);
    }
  progress.finish();
  if (result.episodes == 0) fail<DataError>("no episode can be read: {}", data::named(broken));
  if (!broken.empty()) log_warning("{} episodes are left out: {}", broken.size(), data::named(broken));
  result.left_out += static_cast<int64_t>(broken.size());
  sink->commit();
  place.commit();
  return result;
}

}  // namespace foresee
