#pragma once

#include <cstdint>
#include <vector>

#include "jepa/core/action/action_spec.h"
#include "jepa/core/tensor.h"

namespace foresee::planner {

/// What is seen at one step.
struct Sight {
  Tensor picture{};                  // uint8 [3, H, W], RGB
  std::vector<double> state{};       // the robot's state where the model takes it, its units; else empty
  std::vector<double> executed{};    // actions that were really executed since the last sight; empty: those returned
  std::vector<double> extrinsics{};  // the camera's pose where the model takes it; else empty
};

/// What one problem has seen and done, as far back as plans look. Pictures of a history lie one action block apart, and
/// plans begin at whole blocks: no other picture is ever needed.
class History {
 public:
  /// @param length  pictures that are kept.
  History(int64_t length, const ActionSpec& actions) : length_(length), size_(actions.size), block_(actions.block) {}

  /// True at the steps whose picture and state are kept.
  bool wants_picture() const { return step_ % block_ == 0; }
  /// Takes what is seen at a step. @throws Error for executed actions of the wrong size, or not finite.
  void look(const Sight& sight);
  /// Takes what is seen, where the next sight comes a whole block later without a step in between: what was seen before
  /// the control began. @pre wants_picture().
  void look_back(const Sight& sight);
  /// Takes the action of a step, until the next sight says otherwise.
  void acted(const std::vector<double>& action);
  /// Forgets everything.
  void clear();

  int64_t length() const { return static_cast<int64_t>(pictures_.size()); }
  Tensor pictures() const { return at::stack(pictures_); }  // uint8 [T, 3, H, W], oldest first
  Tensor states() const;                                    // double [T, S]; undefined where there are none
  Tensor extrinsics() const;                                // double [T, 6]; undefined where there are none
  Tensor actions() const;                                   // double [(T - 1) * block, A], those between
  const Tensor& last_picture() const { return pictures_.back(); }

 private:
  void keep(const Sight& sight);

  int64_t length_, size_, block_;
  int64_t step_ = 0, kept_ = -1;  // this step, and the one of the last picture
  bool between_ = false;          // the last picture was a look back: the actions since then are still to come
  std::vector<Tensor> pictures_;  // at most length_
  std::vector<std::vector<double>> states_, extrinsics_;
  std::vector<double> actions_;  // one after the other, those after the oldest picture
};

}  // namespace foresee::planner
