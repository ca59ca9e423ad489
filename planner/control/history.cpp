#include "planner/control/history.h"

#include <algorithm>
#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {

void History::look(const Sight& sight) {
  const std::vector<double>& executed = sight.executed;
  const auto given = static_cast<int64_t>(executed.size());
  for (const double number : executed)
    FORESEE_CHECK(std::isfinite(number), "expected executed actions that are finite");
  if (between_) {
    FORESEE_CHECK(given == block_ * size_, "expected the {} numbers of the actions since the last picture, got {}",
                  block_ * size_, given);
    actions_.insert(actions_.end(), executed.begin(), executed.end());
    between_ = false;
  } else if (given > 0) {
    FORESEE_CHECK(given == size_, "expected the {} numbers of the action since the last picture, got {}", size_, given);
    if (actions_.empty()) return keep(sight);  // of an episode that is forgotten
    std::copy(executed.begin(), executed.end(), actions_.end() - given);
  }
  if (wants_picture()) keep(sight);
}

void History::look_back(const Sight& sight) {
  FORESEE_CHECK(wants_picture(), "expected a look back before the first action or at the end of an action block");
  look(sight);
  between_ = true;
  kept_ = -1;
}

void History::keep(const Sight& sight) {
  FORESEE_CHECK(sight.picture.defined(), "expected a picture at the first step of an action block");
  if (!pictures_.empty())
    FORESEE_CHECK(sight.picture.sizes() == pictures_.back().sizes(),
                  "expected a picture of the earlier one's size, got {} after {}", foresee::describe(sight.picture),
                  foresee::describe(pictures_.back()));
  if (kept_ == step_) {  // the search that was to follow failed
    pictures_.pop_back();
    states_.pop_back();
    extrinsics_.pop_back();
  }
  kept_ = step_;
  if (static_cast<int64_t>(pictures_.size()) == length_) {
    pictures_.erase(pictures_.begin());
    states_.erase(states_.begin());
    extrinsics_.erase(extrinsics_.begin());
    const auto old = std::min<int64_t>(block_ * size_, static_cast<int64_t>(actions_.size()));
    actions_.erase(actions_.begin(), actions_.begin() + old);
  }
  pictures_.push_back(sight.picture);
  states_.push_back(sight.state);
  extrinsics_.push_back(sight.extrinsics);
}

void History::acted(const std::vector<double>& action) {
  actions_.insert(actions_.end(), action.begin(), action.end());
  ++step_;
}

void History::clear() {
  step_ = 0;
  kept_ = -1;
  between_ = false;
  pictures_.clear();
  states_.clear();
  extrinsics_.clear();
  actions_.clear();
}

namespace {

/// double [T, numbers]; undefined where there are none.
Tensor table_of(const std::vector<std::vector<double>>& rows) {
  if (rows.empty() || rows.front().empty()) return {};
  std::vector<Tensor> tensors;
  for (const auto& row : rows) tensors.push_back(torch::tensor(row, at::kDouble));
  return at::stack(tensors);
}

}  // namespace

Tensor History::states() const { return table_of(states_); }

Tensor History::extrinsics() const { return table_of(extrinsics_); }

Tensor History::actions() const {
  const int64_t steps = (length() - 1) * block_;
  FORESEE_CHECK(static_cast<int64_t>(actions_.size()) == steps * size_, "expected {} actions between {} pictures",
                steps, length());
  return torch::tensor(actions_, at::kDouble).reshape({steps, size_});
}

}  // namespace foresee::planner
