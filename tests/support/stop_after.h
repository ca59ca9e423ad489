#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "jepa/core/api/job.h"

namespace foresee {

/// Asks a job to stop once it has done so many steps since its start; keeps what it was told.
class StopAfter : public JobObserver {
 public:
  /// @param steps  negative: never. @param label  only of this part of the job; empty: of any.
  explicit StopAfter(int64_t steps, std::string label = "") : steps_(steps), label_(std::move(label)) {}
  void progress(const ProgressUpdate& update) override {
    updates.push_back(update);
    if (steps_ >= 0 && (label_.empty() || update.label == label_) && update.done - update.start >= steps_)
      source_.request_stop();
  }
  JobControl control() { return {.observer = this, .stop = source_.get_token()}; }

  std::vector<ProgressUpdate> updates;

 private:
  int64_t steps_;
  std::string label_;
  std::stop_source source_;
};

}  // namespace foresee
