#pragma once

#include <vector>

#include "planner/env/push_t/physics.h"

namespace foresee::planner {

/// Area of a simple polygon (shoelace formula).
double polygon_area(const Polygon& polygon);

/// What two convex polygons share (Sutherland and Hodgman 1974); corners in either direction.
double intersection_area(const Polygon& p, const Polygon& q);

/// Turned by angle (radians) about the origin, then moved.
Polygon placed(const Polygon& polygon, Vec2 position, double angle);

}  // namespace foresee::planner
