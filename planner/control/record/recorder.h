#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "planner/control/course.h"
#include "planner/control/history.h"
#include "planner/control/mpc.h"
#include "planner/control/wanted.h"

// Note [Records of control]
// A record is a file of CBOR objects (RFC 8949), one after the other, each written whole before the call that it tells
// of comes back: what is cut off by a crash loses its last object at most. The first is the header, {"format",
// "version"} and what the caller adds; then {"call": "goals" | "reset" | "look_back" | "act", ...}. Pictures are
// {"height", "width", "rgb": bytes}, those of sights only where they are used. An act has "course" (course.h), and
// "actions" or, where it threw, "error". Numbers are those of memory, to the last bit.

namespace foresee::planner {

/// Writes down all that a ControlCore is told and answers. A file that cannot be written any more ends the record with
/// a warning, never the control.
class Recorder {
 public:
  /// @param header  what the record is of. @throws Error for a file that exists already or cannot be written.
  Recorder(const std::filesystem::path& file, const nlohmann::json& header);

  /// The calls of ControlCore.
  void goals(int64_t problem, std::span<const Wanted> goals);
  void reset(int64_t problem);
  void look_back(int64_t problem, const Sight& sight);
  void acted(std::span<const Sight> seen, std::span<const int64_t> problems, const Course& course,
             std::span<const ControlAction> actions);
  void failed(std::span<const Sight> seen, std::span<const int64_t> problems, const Course& course,
              const std::string& error);

 private:
  void write(const nlohmann::json& object);

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace foresee::planner
