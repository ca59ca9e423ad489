#include "foresee/collect.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/episode/hdf5/episode_file.h"
#include "foresee/collect/names.h"
#include "foresee/collect/parts.h"
#include "foresee/request_error.h"
#include "foresee/settings/job_output.h"
#include "foresee/settings/settings_json.h"
#include "foresee/settings/threads.h"
#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/names.h"
#include "jepa/core/watch/progress.h"
#include "planner/env/collect.h"
#include "planner/env/factor_draw.h"

namespace foresee {
namespace {

planner::CollectConfig resolved_config(const CollectRequest& request) {
  nlohmann::json object = settings_json(nlohmann::json::object(), request.options.settings);
  if (request.environment) object["env"] = *request.environment;
  if (request.policy) object["policy"] = name_of(kCollectPolicyNames, *request.policy);
  if (request.noise) object["noise"] = *request.noise;
  if (request.max_steps) object["max_steps"] = *request.max_steps;
  if (request.size) object["size"] = *request.size;
  if (!request.draw.empty()) object["draw"] = request.draw;
  const std::string env = object.contains("env") && object["env"].is_string() ? object["env"].get<std::string>()
                                                                              : planner::CollectConfig{}.env;
  auto config = parse_config<planner::CollectConfig>(object, settings_place(request.options.settings, "collect"),
                                                     planner::usual_collection(env));
  config.seed = request.options.seed;
  planner::check_draw(config.draw, config.env, config.variation);
  return config;
}

/// Generates what is not there yet. @returns episodes that are there: fewer than wanted when it was stopped.
int64_t generate(const CollectionParts& parts, const planner::CollectConfig& config, int64_t episodes,
                 const JobControl& control) {
  int64_t done = parts.finished(episodes);
  if (done > 0) log_info("{} of {} episodes are there already ({})", done, episodes, parts.folder().string());
  Progress progress(control, "collect", episodes, "episodes", done);
  while (done < episodes) {
    if (control.stopping()) return done;
    const int64_t count = std::min(kEpisodesAtOnce, episodes - done);
    const auto made =
        planner::generate_episodes(config, count, static_cast<uint64_t>(done),
                                   {.stop = control.stop, .seen = [&](int64_t here) { progress.update(done + here); }});
    if (made.empty()) return done;
    data::EpisodeWriter writer(parts.part(done));
    for (const auto& episode : made) writer.add(episode);
    writer.commit();
    done += count;
    progress.update(done);
  }
  progress.finish();
  return done;
}

/// Puts the episodes of all parts into one file and counts them.
void join(const CollectionParts& parts, data::EpisodeWriter& writer, CollectResult& result) {
  for (int64_t done = 0; done < result.episodes; done += kEpisodesAtOnce) {
    const data::EpisodeFile part(parts.part(done));
    const int64_t wanted = std::min(kEpisodesAtOnce, result.episodes - done);
    if (part.episodes() < wanted)
      fail("{} holds {} episodes instead of {}; remove it and run again", parts.part(done).string(), part.episodes(),
           wanted);
    for (int64_t i = 0; i < wanted; ++i) {
      data::Episode episode = part.episode(i);
      for (const char* index : {"ep_idx", "step_idx"}) episode.columns.erase(index);  // the writer counts anew
      result.rows += episode.length();
      result.reached += episode.columns.at("terminated").any().item<bool>();
      writer.add(episode);
    }
  }
}

}  // namespace

CollectResult collect(const CollectRequest& request, const JobControl& control) {
  FORESEE_CHECK(!request.out.empty(), "expected a file for the episodes");
  FORESEE_CHECK(request.episodes > 0, "expected at least one episode, got {}", request.episodes);
  const planner::CollectConfig config = resolved_config(request);
  if (request.noise && (config.policy == "random" || config.policy == "noop"))
    throw RequestError("noise", fmt::format("policy {} adds no noise to its actions: leave it out", config.policy));
  Output place = Output::file(request.out, FileFormat::kHdf5, job_output(request.options, {}));
  const JobThreads threads(request.options.threads);
  const CollectionParts parts(place.path(), config);
  CollectResult result{.environment = config.env, .noise = config.noise, .size = config.size};
  result.episodes = generate(parts, config, request.episodes, control);
  result.policy = value_of(kCollectPolicyNames, config.policy).value_or(CollectRequest::Policy::kExpert);
  result.stopped = result.episodes < request.episodes;
  if (result.stopped) return result;

  data::EpisodeWriter writer(place.staged(),
                             request.blosc ? data::PixelCompression::kBloscLz4 : data::PixelCompression::kNone);
  join(parts, writer, result);
  writer.commit();
  place.commit();
  parts.remove();
  result.bytes = static_cast<int64_t>(std::filesystem::file_size(place.path()));
  return result;
}

}  // namespace foresee
