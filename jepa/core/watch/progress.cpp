#include "jepa/core/watch/progress.h"

namespace foresee {

Progress::Progress(const JobControl& control, std::string label, int64_t total, std::string unit, int64_t start)
    : observer_(control.observer),
      state_{.label = std::move(label), .done = start, .total = total, .start = start, .unit = std::move(unit)} {
  if (observer_ != nullptr) observer_->progress(state_);
}

void Progress::update(int64_t done, const std::string& note) {
  if (observer_ == nullptr) return;
  state_.done = done;
  state_.note = note;
  observer_->progress(state_);
}

void Progress::finish() {
  if (observer_ == nullptr || state_.finished) return;
  state_.finished = true;
  observer_->progress(state_);
}

}  // namespace foresee
