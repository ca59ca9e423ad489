#include "planner/env/push_t/polygon.h"

#include <cmath>

namespace foresee::planner {
namespace {

double cross(const Vec2& o, const Vec2& a, const Vec2& b) {
  return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
}

double signed_area(const Polygon& polygon) {
  double twice = 0;
  for (size_t i = 0; i < polygon.size(); ++i) twice += cross(polygon[0], polygon[i], polygon[(i + 1) % polygon.size()]);
  return twice / 2;
}

}  // namespace

double polygon_area(const Polygon& polygon) { return std::abs(signed_area(polygon)); }

double intersection_area(const Polygon& p, const Polygon& q) {
  const double turn = signed_area(q) < 0 ? -1 : 1;
  Polygon left = p;
  for (size_t i = 0; i < q.size() && !left.empty(); ++i) {
    const Vec2 &a = q[i], &b = q[(i + 1) % q.size()];
    Polygon kept;
    for (size_t j = 0; j < left.size(); ++j) {
      const Vec2 &here = left[j], &next = left[(j + 1) % left.size()];
      const double side = turn * cross(a, b, here), next_side = turn * cross(a, b, next);
      if (side >= 0) kept.push_back(here);
      if ((side > 0 && next_side < 0) || (side < 0 && next_side > 0)) {
        const double share = side / (side - next_side);
        kept.push_back({here[0] + share * (next[0] - here[0]), here[1] + share * (next[1] - here[1])});
      }
    }
    left = std::move(kept);
  }
  return left.size() < 3 ? 0.0 : polygon_area(left);
}

Polygon placed(const Polygon& polygon, Vec2 position, double angle) {
  const double c = std::cos(angle), s = std::sin(angle);
  Polygon moved;
  for (const auto& [x, y] : polygon) moved.push_back({c * x - s * y + position[0], s * x + c * y + position[1]});
  return moved;
}

}  // namespace foresee::planner
