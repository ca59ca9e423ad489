// A robot's control loop of one minute of reading. Camera and arm are replaced by a dot in a room.
//   robot_loop MODEL    a model folder, for instance tools/assets/two_room
#include <foresee/controller.h>

#include <cmath>
#include <cstdio>
#include <vector>

namespace {

/// What stands for the robot: a red dot in a white room of 224 x 224.
struct Robot {
  double x = 60, y = 60;
  std::vector<uint8_t> camera() const {
    constexpr int64_t side = 224;
    std::vector<uint8_t> rgb(side * side * 3, 255);
    for (int64_t row = 0; row < side; ++row)
      for (int64_t column = 0; column < side; ++column) {
        uint8_t* pixel = &rgb[static_cast<size_t>((row * side + column) * 3)];
        if (std::abs(column - side / 2) < 5) pixel[0] = pixel[1] = pixel[2] = 0;
        if (std::hypot(column - x, row - y) < 7) pixel[1] = pixel[2] = 0;
      }
    return rgb;
  }
  void send(const std::vector<double>& action) {
    x += 5 * action[0];
    y += 5 * action[1];
  }
};

foresee::PictureView view(const std::vector<uint8_t>& rgb) { return {rgb.data(), 224, 224}; }

}  // namespace

int main(int count, char** words) try {
  if (count != 2) return std::fprintf(stderr, "usage: robot_loop MODEL\n"), 1;
  foresee::Controller controller({.model = words[1]});
  const auto goal = Robot{.x = 80, .y = 150}.camera();
  controller.set_goal({.pictures = {view(goal)}});

  Robot robot;
  for (int step = 0; step < 10; ++step) {
    const auto seen = robot.camera();
    const auto decision = controller.act({.pictures = {view(seen)}});
    robot.send(decision.action);
    std::printf("step %d: at %.1f, %.1f; planned in %.0f ms\n", step, robot.x, robot.y, decision.planning_ms);
  }
  return 0;
} catch (const foresee::Error& error) {
  return std::fprintf(stderr, "robot_loop: %s\n", error.what()), 1;
}
