#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "data/episode/dataset.h"

namespace foresee::data {

// Note [Known episodes]
// Numbers of episodes repeat between files, and a copy has another name. So a model folder keeps what its training
// episodes hold: a hash of the actions and one of the first picture (training_set.json, "episodes"). An episode is one
// of them where both agree. Pictures of another size cannot be compared: then the actions alone decide, and an episode
// whose actions are all alike is not known again.

/// What an episode holds, in two numbers that last.
struct EpisodeContent {
  uint64_t actions = 0;                // of the rows up to the last that is finite, float32
  std::optional<uint64_t> picture{};   // of the first one; nothing: there is none, or it cannot be read
  std::pair<int64_t, int64_t> size{};  // of the picture: height, width
  bool varied = true;                  // the actions are not all alike
};

/// @param actions  float [T, A], environment units. @param picture  uint8 [3, H, W], or undefined.
EpisodeContent content_of(const Tensor& actions, const Tensor& picture);
EpisodeContent content_of(const EpisodeDataset& dataset, int64_t episode);

/// What the episodes of a split hold, for training_set.json: {"picture_sizes": [[H, W], ...], "episodes":
/// ["ACTIONS-PICTURE", ...]}, hexadecimal. Null for episodes without actions.
nlohmann::json contents_json(const EpisodeDataset& dataset, Split split);

/// Puts the episodes of two training sets together. Where one of them does not say its own, the result says none: a
/// part of them would pass for all.
/// @param into  gets what `other` has, too.
void join_contents(nlohmann::json& into, const nlohmann::json& other);

/// The episodes that a model was trained on.
class TrainedEpisodes {
 public:
  /// @param training_set  training_set.json of a model; null: nothing is known. @throws DataError for another form.
  explicit TrainedEpisodes(const nlohmann::json& training_set);

  /// Whether the model says what it was trained on.
  bool known() const { return known_; }
  bool hold(const EpisodeContent& content) const;
  /// Episodes of a data set that are among them, ascending; none where nothing is known.
  std::vector<int64_t> found_in(const EpisodeDataset& dataset) const;

 private:
  bool known_ = false;
  std::set<std::pair<int64_t, int64_t>> sizes_;
  std::set<uint64_t> actions_;
  std::set<std::pair<uint64_t, uint64_t>> both_;
};

}  // namespace foresee::data
