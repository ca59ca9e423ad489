#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "jepa/core/config.h"

namespace foresee::planner {

/// Factors of variation of the reacher: masses and looks. Colours are RGB in 0 .. 1.
struct ReacherConfig {
  double arm_density = 1000, finger_density = 1000;  // kg / m^3
  std::vector<double> arm_color{0.7, 0.5, 0.3}, target_color{0.6, 0.3, 0.3};
  std::vector<double> floor_color{0.1, 0.2, 0.3}, floor_color2{0.2, 0.3, 0.4};  // of the checkerboard
  double light = 0.7;                                                           // diffuse intensity of the lamp
  bool render_target = false;  // draw the target sphere: where the finger is at the goal

  /// @throws ConfigError when a colour is not three numbers.
  void validate() const;
};
void describe(Fields& fields, ReacherConfig& config);

using Pair = std::array<double, 2>;

/// A planar arm of two links on MuJoCo: hinges shoulder and wrist, a motor at each, no contacts. Metres, radians,
/// seconds. The parameters are those of dm_control's reacher (fixture env/reacher lists them); the model is written for
/// Foresee.
class ReacherPhysics {
 public:
  static constexpr double kStep_s = 0.02;
  static constexpr double kLink_m = 0.12;   // length of either link
  static constexpr double kSeen_m = 0.613;  // side of what a picture shows, at the height of the arm
  static constexpr double kWristLimit_rad = 2.792526803190927;  // 160 degrees

  /// @throws Error where the program was built without MuJoCo.
  explicit ReacherPhysics(const ReacherConfig& config);
  ~ReacherPhysics();
  ReacherPhysics(ReacherPhysics&&) noexcept;
  /// Bodies with the same model and state; the model and what draws it are shared.
  ReacherPhysics copy() const;
  /// Takes over another's state, down to what the solver keeps from its last step.
  void restore(const ReacherPhysics& other);

  void set(const Pair& angles, const Pair& velocities);
  /// One step of 0.02 s under torques of 0.05 Nm per unit of `action`, cut to [-1, 1].
  void step(const Pair& action);
  Pair angles() const;
  Pair velocities() const;
  /// Finger tip, x and y.
  Pair finger() const;
  void set_target(const Pair& xy);
  Pair target() const;

  /// The view from above. @param out  [size, size, 3] bytes, RGB, top row first.
  /// @throws Error where neither EGL nor OSMesa can draw off screen, saying what to install. From several threads, one
  /// picture is drawn after the other.
  void render(int64_t size, uint8_t* out) const;

 private:
  struct Model;
  struct Impl;
  explicit ReacherPhysics(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// True when MuJoCo is built in.
bool reacher_available();
/// What draws off screen here ("EGL", "OSMesa"), or why nothing does.
std::string reacher_renderer();

}  // namespace foresee::planner
