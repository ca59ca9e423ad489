#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "planner/eval/runner.h"

namespace foresee::planner {

/// Trials of an evaluation that has not ended, a line for each group that was played: an evaluation that is killed goes
/// on after the last whole line. Groups draw from their own place in the stream of random numbers, so that the end is
/// the same.
class TrialJournal {
 public:
  /// Reads what there is; the file is made with the first group. @param key  names the evaluation: what is left of
  /// another one is dropped, and a line says so.
  TrialJournal(std::filesystem::path path, std::string key);

  /// The evaluation of a sweep that the next calls belong to.
  void begin(int64_t evaluation) { evaluation_ = evaluation; }
  /// Trials that were kept; nothing: the group has to be played.
  std::optional<std::vector<Trial>> find(const std::string& method, int64_t first) const;
  /// Keeps the trials of a group, on the disk. @throws Error (a full disk). One call at a time.
  void add(const std::string& method, int64_t first, const std::vector<Trial>& trials);
  /// Deletes the file: the evaluation has ended.
  void remove();
  /// Trials that were found in the file.
  int64_t kept() const { return kept_; }

 private:
  using Place = std::pair<std::string, int64_t>;  // "EVALUATION/METHOD", first start of the group

  Place place(const std::string& method, int64_t first) const;
  uintmax_t read();
  void open();

  std::filesystem::path path_;
  std::string key_;
  uintmax_t whole_ = 0;  // bytes of the file that are read
  std::ofstream out_;
  std::map<Place, std::vector<Trial>> groups_;  // those of the file: nothing is added, several threads look
  int64_t evaluation_ = 0, kept_ = 0;
};

}  // namespace foresee::planner
