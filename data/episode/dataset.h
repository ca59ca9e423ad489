#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/episode/check/check.h"
#include "data/episode/episode.h"
#include "data/episode/source.h"
#include "data/episode/split.h"
#include "data/picture/fit.h"
#include "jepa/core/action/action_scaling.h"
#include "jepa/core/action/action_spec.h"
#include "jepa/core/api/job.h"

namespace foresee::data {

/// A run of `frames` pictures, `frameskip` rows apart, with every action between: what a world model trains on.
struct ClipShape {
  int64_t frames = 4;                // T
  int64_t frameskip = 5;             // rows between frames = actions in a block
  std::vector<std::string> columns;  // others wanted beside pixels and action, one row a frame: "state", "proprio"

  int64_t span() const { return frames * frameskip; }
};

/// One clip: an episode of the dataset and its first row there.
struct EpisodeClip {
  int64_t episode;
  int64_t start;
};

/// B clips. Rows of a clip: frame t at start + t * frameskip; action block t = the rows from there to the next frame
/// (the last block leaves the last frame, and may end with the episode's NaN).
struct ClipBatch {
  Tensor frames;      // uint8 [B, T, 3, H, W]
  Tensor actions;     // float [B, T, frameskip, A], environment units, NaN kept
  TensorMap columns;  // float [B, T, ...]
};

/// Mean and population standard deviation of a column.
struct ColumnStatistics {
  std::vector<double> mean, std;
};

class EpisodeDataset;

/// Refuses episodes whose actions are not those that a model was trained on: another size, a mean further than 3 of the
/// model's standard deviations from the model's, or a standard deviation beyond five times as large or small. Actions
/// that were normalised already, or come in other units, end here instead of in plans that silently fail.
/// @param model  what messages call the model. @throws DataError with the numbers of both.
void require_actions_fit(const ActionSpec& spec, const EpisodeDataset& dataset, const std::string& model);

/// Episodes to train and evaluate on, from files or from memory. Reading is thread-safe.
class EpisodeDataset {
 public:
  /// Opens sets of any format (Note [Formats]). Pixels are kept in memory (uint8) when all fit into `cache_bytes`, else
  /// read when asked for. Episodes with broken parts are left out (Note [Broken parts]).
  /// @param fit  what pictures are brought to as they are read; nothing: they stay as they are. The cameras of
  /// options.camera "A,B" become one picture then (fit_views).
  /// @throws DataError as open_source, when a column 'action' is there and cannot be read, or when the sets disagree on
  /// picture size (without `fit`) or action size.
  explicit EpisodeDataset(const std::vector<std::filesystem::path>& paths, int64_t cache_bytes = kCacheBytes,
                          const SourceOptions& options = {}, const std::optional<PictureFit>& fit = {});
  /// Episodes in memory. @throws Error when there is none or they disagree.
  explicit EpisodeDataset(std::vector<Episode> episodes);
  ~EpisodeDataset();
  EpisodeDataset(EpisodeDataset&&) noexcept;

  static constexpr int64_t kCacheBytes = int64_t{8} << 30;

  int64_t episodes() const;
  int64_t length(int64_t episode) const;  // rows
  uint64_t id(int64_t episode) const;
  int64_t height() const;
  int64_t width() const;
  int64_t action_size() const;  // 0: no column "action"
  /// Where the formats of all sets say the same rate, Hz; nothing for episodes in memory.
  std::optional<double> rows_per_second() const;
  bool has(const std::string& column) const;
  /// Names of the columns that every set has.
  std::vector<std::string> columns() const;
  /// Keeps episodes whose factors have these values from training (Note [Factors]): they join the held-out ones. Once,
  /// before anything is read. @param factors  texts; none: nothing changes. @throws DataError where no column holds a
  /// factor, no episode has such a value, or none is left to train on; ConfigError as parse_factor_spec.
  void hold_out(const std::vector<std::string>& factors);
  /// Episodes of a split, in order: held_out(), or by hold_out().
  std::vector<int64_t> episodes_of(Split split) const;

  /// All clips of a split: every start in 0 .. length - span of every episode, but for clips with a row that holds NaN
  /// or infinity in its action (other than an episode's last) or in one of shape.columns.
  std::vector<EpisodeClip> clips(const ClipShape& shape, Split split) const;
  /// Those clips whose pictures can be read; with strict() all. Pictures in memory are known to be readable.
  std::vector<EpisodeClip> readable(const ClipShape& shape, std::vector<EpisodeClip> clips) const;
  /// Reads every picture once where they are not in memory, and leaves out episodes where that fails, in one line. For
  /// what reads all of them anyway; before clips are asked for. @throws DataError with strict(); Interrupted.
  void leave_out_unreadable(const JobControl& control = {});
  /// Whether a broken part is an error (SourceOptions).
  bool strict() const;
  /// What is wrong with the sets, see check_source; nothing for episodes in memory.
  std::vector<Finding> findings(const StateReading& reading = {}) const;
  /// Why a split has no or few clips, in words: the episodes that are too short, and by how much; rows that hold NaN.
  std::string why_few_clips(const ClipShape& shape, Split split) const;
  /// @param threads  that share the clips among them, at least 1. @param frames  of an earlier batch that nobody needs
  /// any more, to be filled again where its shape fits: new memory costs as much as reading. Undefined: new memory.
  ClipBatch read(const ClipShape& shape, std::span<const EpisodeClip> clips, int64_t threads = 1,
                 Tensor frames = {}) const;

  /// Rows [first, first + count) of an episode. @returns uint8 [count, 3, H, W] / float [count, ...].
  Tensor frames(int64_t episode, int64_t first, int64_t count) const;
  Tensor column(int64_t episode, const std::string& name, int64_t first, int64_t count) const;

  /// Over the rows of a split; rows that hold a NaN are left out.
  ColumnStatistics statistics(const std::string& column, Split split = Split::kTrain) const;
  /// size, block, mean, std, low and high of the training split's actions: bounds are the least and the largest value,
  /// with ActionScaling::kPercentile the 1st and the 99th percentile (and a line says how many values lie beyond).
  /// @throws DataError without actions, or for kZScore where a value is so far outside that nothing else would count.
  ActionSpec action_spec(int64_t block, ActionScaling scaling = ActionScaling::kZScore) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foresee::data
