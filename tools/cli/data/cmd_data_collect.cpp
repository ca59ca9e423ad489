#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "data/episode/hdf5/episode_file.h"
#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/staged.h"
#include "jepa/core/log.h"
#include "jepa/core/progress.h"
#include "planner/env/collect.h"
#include "tools/cli/data/data_commands.h"

namespace foresee::tools {
namespace {

namespace fs = std::filesystem;

// Note [Parts]
// Episodes are generated kEpisodesAtOnce at a time by all threads, and each lot is a complete episode file in
// OUT.parts, beside the config it belongs to. A run that was cut off goes on behind the last part; when all are there,
// they become OUT and the folder goes. The bytes are those of an uninterrupted run: an episode depends on config, seed
// and number alone.
constexpr int64_t kEpisodesAtOnce = 64;

/// Options of the command; where absent, --config and --set decide.
struct CollectOptions {
  std::optional<std::string> env, policy;
  std::optional<double> noise;
  std::optional<int64_t> max_steps, size;
  int64_t episodes = 1000;
  bool blosc = false;
};

planner::CollectConfig resolved_config(const CollectOptions& options, const CommonOptions& common) {
  nlohmann::json object = layered_config(nlohmann::json::object(), common);
  if (options.env) object["env"] = *options.env;
  if (options.policy) object["policy"] = *options.policy;
  if (options.noise) object["noise"] = *options.noise;
  if (options.max_steps) object["max_steps"] = *options.max_steps;
  if (options.size) object["size"] = *options.size;
  const std::string env = object.contains("env") && object["env"].is_string() ? object["env"].get<std::string>()
                                                                              : planner::CollectConfig().env;
  auto config = parse_config<planner::CollectConfig>(object, "collect", planner::usual_collection(env));
  config.seed = common.seed;
  return config;
}

/// The folder of finished parts of one collection.
class Parts {
 public:
  /// Begins, or goes on where the same collection was cut off. @throws Error when the folder is another's.
  Parts(const fs::path& out, const planner::CollectConfig& config) : folder_(out.string() + ".parts") {
    nlohmann::json wanted = config_json(config);
    wanted["seed"] = config.seed;
    const fs::path file = folder_ / "collect.json";
    if (fs::exists(file)) {
      if (read_json(file) != wanted)
        fail("data collect: {} holds the parts of another collection (see {}); remove it or choose another --out",
             folder_.string(), file.string());
      return;
    }
    std::error_code error;
    if (fs::exists(folder_) && !fs::is_empty(folder_, error))
      fail("data collect: {} is in the way: it does not hold the parts of a collection; move it away",
           folder_.string());
    fs::create_directories(folder_, error);
    if (error) fail("{}: cannot make this folder: {}", folder_.string(), error.message());
    write_json(file, wanted);
  }

  fs::path part(int64_t first) const { return folder_ / fmt::format("part-{:08d}.h5", first); }
  const fs::path& folder() const { return folder_; }
  /// Removes the parts, and the folder where nothing else is in it.
  void remove() const {
    std::vector<fs::path> own{folder_ / "collect.json"};
    for (const auto& entry : fs::directory_iterator(folder_)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("part-") && name.ends_with(".h5")) own.push_back(entry.path());
      if (is_temporary_name(name)) own.push_back(entry.path());
    }
    std::error_code code;
    for (const auto& path : own) fs::remove(path, code);
    fs::remove(folder_, code);
    if (code) log_warning("{}: not removed: {}", folder_.string(), code.message());
  }

 private:
  fs::path folder_;
};

/// Generates what is not there yet.
void generate(const Parts& parts, const planner::CollectConfig& config, int64_t episodes, const JobControl& control) {
  int64_t found = 0;
  while (found < episodes && fs::exists(parts.part(found)) &&
         data::EpisodeFile(parts.part(found)).episodes() >= std::min(kEpisodesAtOnce, episodes - found))
    found += kEpisodesAtOnce;
  found = std::min(found, episodes);
  if (found > 0)
    log_info("data collect: {} of {} episodes are there already ({})", found, episodes, parts.folder().string());
  Progress progress(control, "collect", episodes, "episodes", found);
  for (int64_t done = found; done < episodes;) {
    if (control.stopping())
      fail("data collect: interrupted after {} of {} episodes; the same command goes on from there", done, episodes);
    const int64_t count = std::min(kEpisodesAtOnce, episodes - done);
    data::EpisodeWriter writer(parts.part(done));
    for (const auto& episode : planner::generate_episodes(config, count, static_cast<uint64_t>(done)))
      writer.add(episode);
    writer.commit();
    done += count;
    progress.update(done);
  }
  progress.finish();
}

int collect(const CollectOptions& options, const CommonOptions& common) {
  if (!common.out) fail("data collect: --out FILE is missing");
  const planner::CollectConfig config = resolved_config(options, common);
  Output place = Output::file(*common.out, FileFormat::kHdf5, output_rules(common, {}));
  const Parts parts(place.path(), config);
  generate(parts, config, options.episodes, common.control);

  data::EpisodeWriter writer(place.staged(),
                             options.blosc ? data::PixelCompression::kBloscLz4 : data::PixelCompression::kNone);
  int64_t rows = 0, reached = 0;
  for (int64_t done = 0; done < options.episodes;) {
    const data::EpisodeFile part(parts.part(done));
    const int64_t wanted = std::min(kEpisodesAtOnce, options.episodes - done);
    if (part.episodes() < wanted)
      fail("data collect: {} holds {} episodes instead of {}; remove it and run again", parts.part(done).string(),
           part.episodes(), wanted);
    for (int64_t i = 0; i < wanted; ++i) {
      data::Episode episode = part.episode(i);
      for (const char* index : {"ep_idx", "step_idx"}) episode.columns.erase(index);  // the writer counts anew
      rows += episode.length();
      reached += episode.columns.at("terminated").any().item<bool>();
      writer.add(episode);
    }
    done += wanted;
  }
  writer.commit();
  place.commit();
  parts.remove();
  const double mean_rows = static_cast<double>(rows) / static_cast<double>(options.episodes);
  const double success = static_cast<double>(reached) / static_cast<double>(options.episodes);
  if (common.json) {
    print_json({{"file", common.out->string()},
                {"env", config.env},
                {"policy", config.policy},
                {"noise", config.noise},
                {"seed", config.seed},
                {"size", config.size},
                {"episodes", options.episodes},
                {"rows", rows},
                {"mean_rows", mean_rows},
                {"success", success},
                {"bytes", fs::file_size(*common.out)}});
  } else {
    log_info("{}: {} episodes, {} rows ({:.2f} an episode), {:.1f} % reached the goal", common.out->string(),
             options.episodes, rows, mean_rows, 100 * success);
  }
  return 0;
}

}  // namespace

Run setup_data_collect(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<CollectOptions>();
  const planner::CollectConfig defaults;
  const auto add = [&](const char* flag, auto& value, const std::string& meaning, const auto& preset) {
    app.add_option(flag, value, fmt::format("{} (default {})", meaning, preset))->option_text("VALUE");
  };
  add("--env", options->env, fmt::format("Environment: {}", fmt::join(planner::env_names(), ", ")), defaults.env);
  add("--policy", options->policy, "Who acts: expert, random, noop, cem, weak", "as published for the environment");
  add("--noise", options->noise, "Standard deviation added to the expert's action", defaults.noise);
  add("--max-steps", options->max_steps, "Steps after which an episode ends", defaults.max_steps);
  add("--size", options->size, "Pictures, pixels", defaults.size);
  app.add_option("--episodes", options->episodes, "Episodes to record")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_overwrite(app, common);
  app.add_flag("--blosc", options->blosc, "Compress pictures (Blosc, LZ4): smaller, but readers need the filter");
  return [options, &common] { return collect(*options, common); };
}

}  // namespace foresee::tools
