#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "jepa/core/api/job.h"
#include "planner/control/controller.h"

namespace foresee::planner {

inline constexpr const char* kRecordFormat = "foresee control record";
inline constexpr int64_t kRecordVersion = 1;

/// Reads a record; see Note [Records of control].
class RecordReader {
 public:
  /// @throws DataError for a file that is none, or of a later version.
  explicit RecordReader(std::filesystem::path file);
  ~RecordReader();

  const std::filesystem::path& file() const { return path_; }
  const nlohmann::json& header() const { return *header_; }
  /// The next call; null at the end.
  std::unique_ptr<nlohmann::json> next();
  /// Whether the last object was cut off; known at the end.
  bool cut() const { return cut_; }

 private:
  std::filesystem::path path_;
  std::ifstream in_;
  std::unique_ptr<nlohmann::json> header_;
  bool cut_ = false;
};

/// What came of a record that was played again.
struct Replay {
  int64_t acts = 0;                // calls of act()
  int64_t searched = 0;            // of them under a deadline, with searches that were run again as far as then
  int64_t late = 0;                // searches that were late then, and are not run
  int64_t differing = 0;           // calls whose actions or errors are not those of the record, to the last bit
  double largest = 0;              // largest difference of a number of an action, the robot's units
  std::optional<int64_t> first{};  // number of the first call that differs, from 1
  bool cut = false;                // the record's last object was cut off
};

/// Tells a new ControlCore all that the record says, and compares what it does. @param core  as the one that was
/// recorded. @throws DataError for a record that says what no Recorder writes; Interrupted.
Replay replay(RecordReader& record, ControlCore& core, const JobControl& control);

}  // namespace foresee::planner
