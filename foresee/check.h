#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "foresee/error.h"
#include "foresee/export.h"
#include "foresee/job.h"

namespace foresee {

/// Which sets of episodes to look at.
struct CheckRequest {
  std::vector<std::filesystem::path> data{};  // files or folders, of any format that is read
  std::string camera{};                       // only this one, or "A,B"; empty: all
  std::optional<std::string> state_update{};  // what a training takes the states for: "arm_pose", "add"; none: unknown
  std::string state_column = "state";         // their column
  double tolerance_s = 0;                     // how far a film's frame may lie from its row's time; 0: half a row
  bool pictures = true;                       // every picture is read once: the longest part of it
};

/// One thing that is wrong.
struct CheckFinding {
  /// unreadable (the whole set), left_out (an episode or a file), damaged (pictures of an episode), unread (actions,
  /// states or pictures), rows_outside (rows of no episode), same_id, nan, infinity, outlier, constant, duplicate; of
  /// units: millimetres, degrees, gripper, quaternion, state_size, angle_wraps, normalised, scales_differ,
  /// action_units.
  std::string kind;
  std::filesystem::path set;   // where it was found
  std::string episode;         // empty: of the whole set
  std::string column;          // empty: of none
  std::optional<int64_t> row;  // of the episode, the first that is concerned
  int64_t count = 1;           // rows or numbers that are concerned
  std::string text;            // one sentence with the numbers
  bool certain = false;        // the numbers cannot be what they are read as: a training ends here
};

/// What a set holds.
struct CheckedSet {
  std::filesystem::path path;          // file or folder
  std::string format;                  // "hdf5", "lerobot", ...; empty: it cannot be opened
  int64_t episodes = 0, rows = 0;      // that can be used
  std::vector<std::string> columns{};  // that are read; the chosen camera is "pixels"
  std::vector<std::string> notes{};    // columns that are not read and why; what was made of others
};

/// What was looked at, and what is wrong.
struct CheckResult {
  std::vector<CheckedSet> sets{};        // in the order of the request
  std::vector<CheckFinding> findings{};  // of all sets

  /// Whether nothing is wrong.
  bool sound() const { return findings.empty(); }
};

/// Looks for what is wrong with sets of episodes, before a training meets it: parts that are missing or cut off, bounds
/// of episodes, films against rows, NaN, infinity, outliers, columns that never change, episodes that are there twice,
/// and pictures that cannot be read. Progress is counted in episodes. @throws Error for a request without data.
FORESEE_API CheckResult check_episodes(const CheckRequest& request, const JobControl& control = {});

}  // namespace foresee
