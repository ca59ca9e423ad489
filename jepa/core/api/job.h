#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include "jepa/core/api/export.h"

namespace foresee {

/// How far a job is.
struct ProgressUpdate {
  std::string label;      // what is being done: "train", "encode", the name of a method
  int64_t done = 0;       // of `total`
  int64_t total = 0;      // 0: unknown
  int64_t start = 0;      // what was done before this call (a resumed run): left out of rates
  std::string unit;       // what is counted: "steps", "clips", "episodes"
  std::string note;       // more for people: "loss 0.31"; may be empty
  bool finished = false;  // the last update of this label
};

/// Watches a job. The default watches nothing. Calls come from the thread that called the job, or from one worker at a
/// time; they should return soon and must not throw.
class FORESEE_API JobObserver {
 public:
  virtual ~JobObserver() = default;
  /// Takes an update.
  virtual void progress(const ProgressUpdate& update) { (void)update; }
};

/// Who watches a job and who may end it. A job that is stopped saves what it can and says so in its result.
struct JobControl {
  JobObserver* observer = nullptr;  // null: nobody; must outlive the job
  std::stop_token stop{};           // asked between steps

  /// Whether the job is asked to end.
  bool stopping() const { return stop.stop_requested(); }
  /// Tells the observer, where there is one.
  void report(const ProgressUpdate& update) const {
    if (observer != nullptr) observer->progress(update);
  }
};

/// How much a line matters, most first.
enum class LogLevel { kError, kWarning, kInfo, kDebug };

/// Where lines for people go: warnings of what was left out, news of a resumed run. Nowhere by default.
/// @param sink  called from any thread, one call at a time. Null: nowhere again.
using LogSink = void (*)(LogLevel level, std::string_view line);
FORESEE_API void set_log_sink(LogSink sink);

}  // namespace foresee
