// Plans with the installed library: two pictures in, one action out.
//   show MODEL    a model folder, for instance share/foresee/assets/two_room of the installation
#include <foresee/controller.h>
#include <foresee/version.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace {

constexpr int64_t kSide = 96;  // pixels; the controller brings pictures to the model's size

/// A white room with a wall in the middle and a red dot.
std::vector<uint8_t> room(int64_t dot_x, int64_t dot_y) {
  std::vector<uint8_t> rgb(kSide * kSide * 3, 255);
  const auto paint = [&](int64_t x, int64_t y, uint8_t red, uint8_t green, uint8_t blue) {
    uint8_t* pixel = &rgb[static_cast<size_t>((y * kSide + x) * 3)];
    pixel[0] = red, pixel[1] = green, pixel[2] = blue;
  };
  for (int64_t y = 0; y < kSide; ++y)
    for (int64_t x = 0; x < kSide; ++x) {
      if (std::abs(x - kSide / 2) < 2) paint(x, y, 0, 0, 0);
      if (std::hypot(x - dot_x, y - dot_y) < 3) paint(x, y, 255, 0, 0);
    }
  return rgb;
}

}  // namespace

int main(int count, char** words) try {
  if (count != 2) {
    std::fprintf(stderr, "usage: show MODEL\n");
    return 1;
  }
  foresee::Controller controller(
      {.model = words[1], .settings = {.set = {"planner.samples=64", "planner.iterations=5"}}});
  const auto now = room(20, 30), goal = room(30, 60);
  controller.set_goal({.pictures = {{goal.data(), kSide, kSide}}});
  const auto decision = controller.act({.pictures = {{now.data(), kSide, kSide}}});

  std::printf("foresee %s, action:", foresee::version());
  const auto& info = controller.action();
  bool sound = static_cast<int64_t>(decision.action.size()) == info.size;
  for (size_t i = 0; i < decision.action.size(); ++i) {
    const double number = decision.action[i];
    std::printf(" %.4f", number);
    sound = sound && std::isfinite(number) && (info.low.empty() || number >= info.low[i]) &&
            (info.high.empty() || number <= info.high[i]);
  }
  std::printf(sound ? ", inside the bounds\n" : ", NOT an action of this model\n");
  return sound ? 0 : 1;
} catch (const foresee::Error& error) {
  std::fprintf(stderr, "show: %s\n", error.what());
  return 1;
}
