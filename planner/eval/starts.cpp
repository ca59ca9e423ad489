#include "planner/eval/starts.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <map>
#include <set>

#include "data/episode/hdf5/episode_file.h"
#include "data/episode/split.h"
#include "jepa/core/error.h"

namespace foresee::planner {
namespace {

/// Episodes whose held-out tenth makes up the pool of near starts, at least.
constexpr int64_t kPoolEpisodes = 1000;
constexpr int kFarTries = 1000;

std::shared_ptr<const data::EpisodeContent> shared_content(const Tensor& actions, const Tensor& picture) {
  return std::make_shared<const data::EpisodeContent>(data::content_of(actions, picture));
}

/// The states of one held-out expert episode.
struct StatePath {
  int64_t id;
  Tensor states;  // double [T, S]
  FactorValues factors{};
  std::shared_ptr<const data::EpisodeContent> content{};

  std::vector<double> state(int64_t row) const {
    const double* first = states[row].const_data_ptr<double>();
    return {first, first + states.size(1)};
  }
};

/// Every held-out one of the first `episodes` episodes that training data of this seed consists of.
std::vector<StatePath> held_out_paths(CollectConfig collect, int64_t episodes, const JobControl& control) {
  std::vector<uint64_t> ids;
  for (int64_t id = 0; id < episodes; ++id)
    if (data::held_out(static_cast<uint64_t>(id))) ids.push_back(static_cast<uint64_t>(id));
  collect.size = 8;  // where the agent was does not depend on the size of its pictures
  std::vector<StatePath> paths;
  const auto made = generate_episodes(collect, ids, "starts", control);
  for (const auto& episode : made)
    paths.push_back({static_cast<int64_t>(episode.id), episode.columns.at("state").to(at::kDouble).contiguous(),
                     draw_scene(collect.draw, collect.env, collect.variation, collect.seed, episode.id).values,
                     shared_content(episode.columns.at("action"), /*picture=*/{})});
  return paths;
}

/// The environment's factors that an episode's first row holds.
FactorValues recorded_factors(const data::EpisodeFile& file, int64_t episode, const std::string& env) {
  const std::string prefix = factor_column(env + ".");
  FactorValues values;
  for (const auto& column : file.columns()) {
    if (!column.name.starts_with(prefix)) continue;
    const Tensor row = file.read(column.name, file.offset(episode), 1).to(at::kDouble).reshape({-1}).contiguous();
    const double* const first = row.const_data_ptr<double>();
    values.emplace_back(column.name.substr(factor_column("").size()), std::vector<double>(first, first + row.numel()));
  }
  return values;
}

/// What an episode of a file holds; null without actions.
std::shared_ptr<const data::EpisodeContent> recorded_content(const data::EpisodeFile& file, int64_t episode) {
  if (!file.has("action")) return nullptr;
  const int64_t first = file.offset(episode);
  Tensor picture;
  if (file.has_pictures("pixels")) picture = file.read("pixels", first, 1)[0].permute({2, 0, 1});
  return shared_content(file.read("action", first, file.length(episode)), picture);
}

/// The held-out episodes of a file.
std::vector<StatePath> held_out_paths(const std::filesystem::path& path, const std::string& env) {
  const data::EpisodeFile file(path);
  std::vector<StatePath> paths;
  for (int64_t i = 0; i < file.episodes(); ++i)
    if (data::held_out(file.id(i)))
      paths.push_back({static_cast<int64_t>(file.id(i)),
                       file.read("state", file.offset(i), file.length(i)).to(at::kDouble).contiguous(),
                       recorded_factors(file, i, env), recorded_content(file, i)});
  return paths;
}

bool solved(Env& env, const Start& start) {
  env.set_goal(start.goal);
  env.set_state(start.state);
  return env.solved();
}

/// True when an agent put there stays there (positions at the border and in the wall are pushed out by the first step).
bool can_stand(Env& env, const std::vector<double>& state) {
  env.set_state(state);
  const std::vector<double> rest(static_cast<size_t>(env.action_spec().size), 0.0);
  env.step(rest);
  return env.state() == state;
}

/// A goal is a prefix of a state: Reacher's are angles without velocities, eb_jepa's a place without the wall.
std::vector<double> goal_of(const Env& env, std::vector<double> state) {
  state.resize(std::min(state.size(), env.goal().size()));
  return state;
}

/// Draws rows of the paths until `count` of them are not solved already.
StartSet starts_on(const std::vector<StatePath>& paths, const CollectConfig& collect, int64_t count, int64_t offset) {
  const auto env = make_env(collect.env, collect.variation);
  std::vector<int64_t> first_row;  // of each path, among all rows that have a goal
  int64_t rows = 0;
  for (const auto& path : paths) {
    first_row.push_back(rows);
    rows += std::max(int64_t{0}, path.states.size(0) - offset);
  }

  StartSet set;
  const Random random(collect.seed, Stream::kEvalStarts);
  std::set<int64_t> drawn;
  std::map<ptrdiff_t, std::shared_ptr<Env>> scenes;  // of the paths that have their own
  for (uint64_t draw = 0; static_cast<int64_t>(set.starts.size()) < count; ++draw) {
    if (static_cast<int64_t>(drawn.size()) == rows)
      fail(
          "eval: {} held-out rows have a goal {} steps later that is not solved already, {} are asked for; lower "
          "the number of episodes or goal_offset",
          set.starts.size(), offset, count);
    const int64_t place = random.integer(draw, rows);
    if (!drawn.insert(place).second) continue;
    const auto after = std::upper_bound(first_row.begin(), first_row.end(), place);
    const auto path = after - first_row.begin() - 1;  // the last one that begins at or before `place`: it has rows
    const StatePath& episode = paths[static_cast<size_t>(path)];
    const int64_t row = place - first_row[static_cast<size_t>(path)];
    Start start{episode.state(row), goal_of(*env, episode.state(row + offset)), episode.id, row};
    start.content = episode.content;
    std::shared_ptr<Env> scene;
    if (!episode.factors.empty()) {
      auto& own = scenes[path];
      if (!own) own = make_env(collect.env, with_factors(episode.factors, collect.env, collect.variation));
      scene = own;
      start.scene = own;
      start.factors = episode.factors;
    }
    if (solved(scene ? *scene : *env, start))
      ++set.excluded_solved;
    else
      set.starts.push_back(std::move(start));
  }
  return set;
}

}  // namespace

StartSet near_starts(const CollectConfig& collect, int64_t count, int64_t offset, const JobControl& control) {
  const int64_t episodes = std::max(kPoolEpisodes, 10 * count);
  const auto paths = held_out_paths(collect, episodes, control);
  if (control.stopping()) return {};
  StartSet set = starts_on(paths, collect, count, offset);
  set.origin = fmt::format("{} held-out episodes (policy {}) among {} generated with seed {}; goal {} steps later",
                           paths.size(), collect.policy, episodes, collect.seed, offset);
  return set;
}

StartSet near_starts(const CollectConfig& collect, const std::filesystem::path& data, int64_t count, int64_t offset) {
  const auto paths = held_out_paths(data, collect.env);
  StartSet set = starts_on(paths, collect, count, offset);
  set.origin = fmt::format("{} held-out episodes of {}; goal {} steps later", paths.size(), data.string(), offset);
  return set;
}

StartSet near_starts(const std::string& env, uint64_t seed, int64_t count, int64_t offset) {
  CollectConfig collect = usual_collection(env);
  collect.seed = seed;
  return near_starts(collect, count, offset);
}

StartSet far_starts(const std::string& env, uint64_t seed, int64_t count) {
  return far_starts(env, EnvConfig{}, seed, count);
}

StartSet far_starts(const std::string& env, const EnvConfig& factors, uint64_t seed, int64_t count,
                    const std::vector<std::string>& draw) {
  check_draw(draw, env, factors);
  EnvConfig config = factors;
  const FarStarts& far = config.environment(env).far;
  if (far.prepare) far.prepare(config.factors(env));
  std::shared_ptr<Env> scene = make_env(env, config);

  StartSet set;
  set.origin = far.origin;
  for (int64_t i = 0; i < count; ++i) {
    RandomSequence random(Random(seed, Stream::kEvalStarts, static_cast<uint64_t>(i)));
    FactorValues drawn;
    if (!draw.empty()) {
      DrawnScene own = draw_scene(draw, env, config, seed, static_cast<uint64_t>(i));
      scene = make_env(env, own.variation);
      drawn = std::move(own.values);
    }
    int tries = 0;
    for (; tries < kFarTries; ++tries) {
      scene->reset(random);
      Start start{scene->state(), scene->goal(), std::nullopt, std::nullopt};
      if (far.at_rest && (!can_stand(*scene, start.state) || !can_stand(*scene, start.goal))) continue;
      if (!solved(*scene, start)) {
        if (!draw.empty()) start.scene = scene;
        start.factors = drawn;
        set.starts.push_back(std::move(start));
        break;
      }
      ++set.excluded_solved;
    }
    FORESEE_CHECK(tries < kFarTries, "no start found in {} draws", kFarTries);
  }
  return set;
}

}  // namespace foresee::planner
