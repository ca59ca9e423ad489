#include "planner/eval/swm_protocol.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/model/family/family.h"
#include "planner/eval/numpy_choice.h"

namespace foresee::planner {
namespace {

/// A row of the data set.
struct Row {
  int64_t episode, row;
};

/// Of each part the first column that the data set has.
std::vector<std::string> present_columns(const data::EpisodeDataset& dataset, const std::string& env,
                                         const std::vector<std::vector<std::string>>& parts) {
  std::vector<std::string> columns;
  for (const auto& names : parts) {
    const auto found = std::find_if(names.begin(), names.end(), [&](const auto& name) { return dataset.has(name); });
    if (found == names.end())
      fail<DataError>("eval: protocol swm sets {} from column '{}', which the data set has not", env,
                      fmt::join(names, "' or '"));
    columns.push_back(*found);
  }
  return columns;
}

std::vector<double> values(const data::EpisodeDataset& dataset, const std::vector<std::string>& columns, Row at) {
  std::vector<double> out;
  for (const auto& column : columns) {
    const Tensor row = dataset.column(at.episode, column, at.row, 1).to(at::kDouble).flatten().contiguous();
    out.insert(out.end(), row.const_data_ptr<double>(), row.const_data_ptr<double>() + row.numel());
  }
  return out;
}

/// Rows of all episodes, laid end to end.
class AllRows {
 public:
  explicit AllRows(const data::EpisodeDataset& dataset) {
    for (int64_t i = 0; i < dataset.episodes(); ++i) {
      first_.push_back(total_);
      total_ += dataset.length(i);
    }
  }
  Row at(int64_t row) const {
    if (row < 0 || row >= total_) fail<DataError>("eval: row {} is not one of the data set's {}", row, total_);
    const auto episode = std::upper_bound(first_.begin(), first_.end(), row) - first_.begin() - 1;
    return {episode, row - first_[static_cast<size_t>(episode)]};
  }

 private:
  std::vector<int64_t> first_;
  int64_t total_ = 0;
};

std::vector<Row> listed_rows(const data::EpisodeDataset& dataset, const std::string& path, int64_t offset) {
  const auto list = read_json(path);
  if (!list.is_array()) fail<DataError>("{}: expected a JSON list of rows", path);
  const AllRows all(dataset);
  std::vector<Row> rows;
  for (const auto& item : list) {
    if (!item.is_number_integer()) fail<DataError>("{}: expected a JSON list of rows, got {}", path, item.dump());
    rows.push_back(all.at(item.get<int64_t>()));
    if (rows.back().row + offset >= dataset.length(rows.back().episode))
      fail<DataError>("{}: row {} has no row {} later in its episode", path, item.get<int64_t>(), offset);
  }
  return rows;
}

std::vector<Row> drawn_rows(const data::EpisodeDataset& dataset, bool release, uint64_t seed, int64_t count,
                            int64_t offset) {
  std::vector<Row> valid;
  for (int64_t episode = 0; episode < dataset.episodes(); ++episode)
    for (int64_t row = 0; row + offset < dataset.length(episode); ++row) valid.push_back({episode, row});
  const auto population = static_cast<int64_t>(valid.size()) - (release ? 1 : 0);
  if (population < count)
    fail<DataError>(
        "eval: {} rows have a goal {} rows later, {} are asked for; lower the number of episodes or "
        "goal_offset",
        std::max<int64_t>(population, 0), offset, count);
  std::vector<Row> rows;
  for (const int64_t index : numpy_choice(seed, population, count)) rows.push_back(valid[static_cast<size_t>(index)]);
  return rows;
}

}  // namespace

void describe(Fields& f, SwmConfig& c) {
  f("release", c.release,
    "as the evaluator that LeWM was published with: the goal one row earlier, the last valid row never drawn");
  f("starts", c.starts, "JSON file: a list of rows of the data set; by default NumPy's draw of the seed");
}

StartSet swm_starts(const data::EpisodeDataset& dataset, const Env& env, const Environment& environment,
                    const SwmConfig& config, uint64_t seed, int64_t count, int64_t offset,
                    std::optional<int64_t> picture_size) {
  if (picture_size && (dataset.height() != *picture_size || dataset.width() != *picture_size))
    fail<DataError>("eval: the data set holds pictures of {} x {} pixels, the model takes {} x {}", dataset.height(),
                    dataset.width(), *picture_size, *picture_size);
  const auto state = present_columns(dataset, environment.name, environment.columns.state);
  const auto goal_state = present_columns(dataset, environment.name, environment.columns.goal);
  const auto rows = config.starts ? listed_rows(dataset, *config.starts, offset)
                                  : drawn_rows(dataset, config.release, seed, count, offset);
  StartSet set;
  std::map<int64_t, std::shared_ptr<const data::EpisodeContent>> contents;  // by episode
  const auto judge = env.clone();
  for (const Row& row : rows) {
    const Row goal{row.episode, row.row + offset - (config.release ? 1 : 0)};
    Start start{values(dataset, state, row), values(dataset, goal_state, goal),
                static_cast<int64_t>(dataset.id(row.episode)), row.row};
    start.content = contents[row.episode];
    if (!start.content && dataset.action_size() > 0)
      start.content = contents[row.episode] =
          std::make_shared<const data::EpisodeContent>(data::content_of(dataset, row.episode));
    start.picture = dataset.frames(row.episode, row.row, 1)[0];
    start.goal_picture = dataset.frames(goal.episode, goal.row, 1)[0];
    judge->set_goal(start.goal);
    judge->set_state(start.state);
    if (judge->solved()) ++set.solved_at_start;
    set.starts.push_back(std::move(start));
  }
  set.origin = fmt::format(
      "{} of the data set's rows, {}, as stable-worldmodel evaluates ({}): training episodes are not excluded, nor the "
      "{} starts that are solved already; goal {} rows later",
      rows.size(), config.starts ? "as listed" : fmt::format("NumPy's draw of seed {}", seed),
      config.release ? "LeWM's release" : "August 2026", set.solved_at_start, offset - (config.release ? 1 : 0));
  return set;
}

ActionSpec swm_actions(const data::EpisodeDataset& dataset, int64_t block) {
  const auto statistics = dataset.statistics("action", data::Split::kAll);
  return {.size = dataset.action_size(),
          .block = block,
          .low = {},
          .high = {},
          .mean = statistics.mean,
          .std = statistics.std};
}

std::unique_ptr<WorldModel> swm_world_model(const std::filesystem::path& model, const std::filesystem::path& data,
                                            at::Device device, const ReadOptions& read) {
  const data::EpisodeDataset dataset({data}, /*cache_bytes=*/0);
  const auto actions = [&](int64_t block) {
    const int64_t size = dataset.action_size();
    if (block % size != 0)
      fail<DataError>("eval: the model takes action blocks of {} numbers, the data set has actions of {}", block, size);
    return swm_actions(dataset, block / size);
  };
  return load_world_model(model, {.device = device, .read = read, .actions = actions});
}

}  // namespace foresee::planner
