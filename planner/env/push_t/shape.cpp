#include <numbers>

#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "planner/env/push_t/physics.h"

namespace foresee::planner {
namespace {

Polygon rectangle(double left, double top, double right, double bottom) {
  return {{left, top}, {right, top}, {right, bottom}, {left, bottom}};
}

}  // namespace

const std::vector<std::string>& push_t_shape_names() {
  static const std::vector<std::string> names{"T", "L", "Z", "square", "I", "small_tee", "+"};
  return names;
}

PushTShape push_t_shape(const std::string& name, double s) {
  const double half = s / 2;
  // The T's moment is twice its bar's, the cross's three times: upstream sums the first part's moment.
  if (name == "T") return {{rectangle(-2 * s, 0, 2 * s, s), rectangle(-half, s, half, 4 * s)}, {0, 0}};
  if (name == "L") return {{rectangle(0, 0, s, 2 * s), rectangle(0, -s, 2 * s, 0)}, {0, 1}};
  if (name == "Z") return {{rectangle(0, 0, 2 * s, s), rectangle(-s, -s, s, 0)}, {0, 1}, std::numbers::pi};
  if (name == "square") return {{rectangle(-s, -s, s, s)}, {0}, std::numbers::pi / 2};
  if (name == "I") return {{rectangle(-half, -2 * s, half, 2 * s)}, {0}, std::numbers::pi};
  if (name == "small_tee") return {{rectangle(-3 * half, 0, 3 * half, s), rectangle(-half, s, half, 2 * s)}, {0, 1}};
  if (name == "+")
    return {{rectangle(-3 * half, -half, 3 * half, half), rectangle(-half, half, half, 3 * half),
             rectangle(-half, -3 * half, half, -half)},
            {0, 0, 0},
            std::numbers::pi / 2};
  fail<ConfigError>("push_t: unknown block shape '{}'{}", name, suggestion(name, push_t_shape_names()));
}

}  // namespace foresee::planner
