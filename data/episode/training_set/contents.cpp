#include "data/episode/training_set/contents.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/hash.h"
#include "jepa/core/files/json.h"

namespace foresee::data {
namespace {

constexpr const char *kFile = "training_set.json", *kEpisodes = "episodes", *kSizes = "picture_sizes";
constexpr size_t kDigits = 16;  // of a hash

/// Rows up to the last that is finite: an episode's last action may be NaN in one file and missing in another.
Tensor finite_rows(const Tensor& actions) {
  const Tensor rows = actions.to(at::kFloat).flatten(1).contiguous();
  int64_t count = rows.size(0);
  while (count > 0 && !rows[count - 1].isfinite().all().item<bool>()) --count;
  return rows.narrow(0, 0, count);
}

std::string text_of(const EpisodeContent& content) {
  return fmt::format("{:016x}-{:016x}", content.actions, content.picture.value_or(0));
}

uint64_t parse_hash(const std::string& text, size_t first) {
  uint64_t value = 0;
  const char *const begin = text.data() + first, *const end = begin + kDigits;
  if (text.size() < first + kDigits || std::from_chars(begin, end, value, 16).ptr != end)
    fail<DataError>("{}: '{}' is no episode: expected two hashes of {} digits", kFile, text, kDigits);
  return value;
}

}  // namespace

EpisodeContent content_of(const Tensor& actions, const Tensor& picture) {
  const Tensor rows = finite_rows(actions);
  EpisodeContent content;
  content.actions = hash_words(rows.const_data_ptr(), static_cast<size_t>(rows.nbytes()));
  content.varied = rows.size(0) > 1 && !rows.eq(rows[0]).all().item<bool>();
  if (!picture.defined()) return content;
  const Tensor pixels = picture.contiguous();
  content.picture = hash_words(pixels.const_data_ptr(), static_cast<size_t>(pixels.nbytes()));
  content.size = {picture.size(1), picture.size(2)};
  return content;
}

EpisodeContent content_of(const EpisodeDataset& dataset, int64_t episode) {
  const int64_t rows = dataset.length(episode);
  Tensor picture;
  try {
    if (rows > 0) picture = dataset.frames(episode, 0, 1)[0];
  } catch (const DataError&) {  // training leaves out what cannot be read; the actions are still known
  }
  return content_of(dataset.column(episode, "action", 0, rows), picture);
}

nlohmann::json contents_json(const EpisodeDataset& dataset, Split split) {
  if (dataset.action_size() == 0) return nullptr;
  std::set<std::string> episodes;  // in an order that says nothing, as join_contents gives it
  for (const int64_t episode : dataset.episodes_of(split)) episodes.insert(text_of(content_of(dataset, episode)));
  return {{kSizes, {{dataset.height(), dataset.width()}}}, {kEpisodes, episodes}};
}

void join_contents(nlohmann::json& into, const nlohmann::json& other) {
  const auto says = [](const nlohmann::json& set) { return set.is_object() && set.contains(kEpisodes); };
  if (!says(into)) return;
  if (!says(other)) {
    into.erase(kEpisodes);
    into.erase(kSizes);
    return;
  }
  for (const char* const key : {kSizes, kEpisodes}) {
    auto all = into.at(key).get<std::set<nlohmann::json>>();
    all.merge(other.at(key).get<std::set<nlohmann::json>>());
    into[key] = all;
  }
}

TrainedEpisodes::TrainedEpisodes(const nlohmann::json& training_set) {
  if (!training_set.is_object() || !training_set.contains(kEpisodes)) return;
  known_ = true;
  try {
    sizes_ = training_set.at(kSizes).get<std::set<std::pair<int64_t, int64_t>>>();
  } catch (const nlohmann::json::exception&) {
    fail<DataError>("{}: {}: expected a list of [height, width]", kFile, kSizes);
  }
  for (const std::string& text : JsonView(training_set, kFile).texts(kEpisodes)) {
    const uint64_t actions = parse_hash(text, 0), picture = parse_hash(text, kDigits + 1);
    actions_.insert(actions);
    both_.emplace(actions, picture);
  }
}

bool TrainedEpisodes::hold(const EpisodeContent& content) const {
  if (content.picture && sizes_.contains(content.size)) return both_.contains({content.actions, *content.picture});
  return content.varied && actions_.contains(content.actions);
}

std::vector<int64_t> TrainedEpisodes::found_in(const EpisodeDataset& dataset) const {
  std::vector<int64_t> out;
  for (int64_t e = 0; known_ && e < dataset.episodes(); ++e)
    if (hold(content_of(dataset, e))) out.push_back(e);
  return out;
}

}  // namespace foresee::data
