#include "planner/env/push_t/physics.h"

#include <chipmunk/chipmunk.h>
#include <chipmunk/chipmunk_structs.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <mutex>

namespace foresee::planner {
namespace {

struct FreeSpace {
  void operator()(cpSpace* space) const { cpSpaceFree(space); }
};
struct FreeBody {
  void operator()(cpBody* body) const { cpBodyFree(body); }
};
struct FreeShape {
  void operator()(cpShape* shape) const { cpShapeFree(shape); }
};
using SpacePtr = std::unique_ptr<cpSpace, FreeSpace>;
using BodyPtr = std::unique_ptr<cpBody, FreeBody>;
using ShapePtr = std::unique_ptr<cpShape, FreeShape>;

cpVect vect(const Vec2& p) { return cpv(p[0], p[1]); }
Vec2 vec2(cpVect p) { return {p.x, p.y}; }

std::vector<cpVect> corners(const Polygon& polygon) {
  std::vector<cpVect> points;
  for (const auto& corner : polygon) points.push_back(vect(corner));
  return points;
}

/// Debian's Chipmunk announces its debug build on stdout with the first space of a process; stdout is the program's.
void silence_first_space() {
  static std::once_flag once;
  std::call_once(once, [] {
    std::fflush(stdout);
    const int saved = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY);
    if (saved >= 0 && nowhere >= 0) dup2(nowhere, STDOUT_FILENO);
    SpacePtr(cpSpaceNew()).reset();
    std::fflush(stdout);
    if (saved >= 0) dup2(saved, STDOUT_FILENO);
    for (const int file : {saved, nowhere})
      if (file >= 0) close(file);
  });
}

constexpr double kWallRadius = 2;
const cpVect kWalls[4][2] = {{{5, 506}, {5, 5}}, {{5, 5}, {506, 5}}, {{506, 5}, {506, 506}}, {{5, 506}, {506, 506}}};

}  // namespace

// Shapes and bodies are freed after the space that refers to them: members go in reverse order.
struct PushTPhysics::Impl {
  Impl(const PushTShape& description, double agent_radius) : shape(description), radius(agent_radius) {
    silence_first_space();
    build();
  }

  /// Bodies that have seen no contact, in upstream's order of insertion.
  void build() {
    space.reset();
    shapes.clear();
    space.reset(cpSpaceNew());
    cpSpaceSetDamping(space.get(), 0);
    for (const auto& wall : kWalls)
      add(cpSegmentShapeNew(cpSpaceGetStaticBody(space.get()), wall[0], wall[1], kWallRadius));
    agent.reset(cpBodyNewKinematic());
    cpSpaceAddBody(space.get(), agent.get());
    add(cpCircleShapeNew(agent.get(), radius, cpvzero));

    double moment = 0;
    for (const size_t part : shape.moment_of) {
      const auto points = corners(shape.parts[part]);
      moment += cpMomentForPoly(1, static_cast<int>(points.size()), points.data(), cpvzero, 0);
    }
    block.reset(cpBodyNew(1, moment));
    cpVect sum = cpvzero;
    std::vector<cpShape*> parts;
    for (const auto& part : shape.parts) {
      const auto points = corners(part);
      parts.push_back(
          cpPolyShapeNew(block.get(), static_cast<int>(points.size()), points.data(), cpTransformIdentity, 0));
      sum = cpvadd(sum, cpShapeGetCenterOfGravity(parts.back()));
    }
    cpBodySetCenterOfGravity(block.get(), cpvmult(sum, 1.0 / static_cast<double>(parts.size())));
    cpSpaceAddBody(space.get(), block.get());
    for (cpShape* part : parts) add(part);
    block_shapes = parts;
  }

  void add(cpShape* made) {
    shapes.emplace_back(made);
    cpSpaceAddShape(space.get(), made);
  }

  PushTShape shape;
  double radius;
  BodyPtr agent, block;
  std::vector<ShapePtr> shapes;
  std::vector<cpShape*> block_shapes;
  SpacePtr space;
};

PushTPhysics::PushTPhysics(const PushTShape& shape, double agent_radius)
    : impl_(std::make_unique<Impl>(shape, agent_radius)) {}
PushTPhysics::~PushTPhysics() = default;
PushTPhysics::PushTPhysics(PushTPhysics&&) noexcept = default;

PushTPhysics::Motion PushTPhysics::motion() const {
  const cpBody &agent = *impl_->agent, &block = *impl_->block;
  return {.agent = vec2(agent.p),
          .agent_velocity = vec2(agent.v),
          .block = vec2(block.p),
          .block_velocity = vec2(block.v),
          .block_push = vec2(block.v_bias),
          .angle = block.a,
          .angular_velocity = block.w,
          .angular_push = block.w_bias};
}

void PushTPhysics::restore(const Motion& motion) {
  impl_->build();
  cpBody &agent = *impl_->agent, &block = *impl_->block;
  cpBodySetPosition(&agent, vect(motion.agent));
  cpBodySetVelocity(&agent, vect(motion.agent_velocity));
  cpBodySetAngle(&block, motion.angle);
  // The body keeps its centre of gravity, and takes its origin: set the origin near it, then the centre exactly.
  cpBodySetPosition(&block, cpvsub(vect(motion.block), cpTransformVect(block.transform, block.cog)));
  const cpVect off = cpvsub(vect(motion.block), block.p);
  block.p = vect(motion.block);
  block.transform.tx += off.x;
  block.transform.ty += off.y;
  cpBodySetVelocity(&block, vect(motion.block_velocity));
  cpBodySetAngularVelocity(&block, motion.angular_velocity);
  block.v_bias = vect(motion.block_push);
  block.w_bias = motion.angular_push;
}

void PushTPhysics::place(Vec2 agent, Vec2 velocity, Vec2 block, double angle, bool position_first) {
  impl_->build();
  cpBodySetVelocity(impl_->agent.get(), vect(velocity));
  cpBodySetPosition(impl_->agent.get(), vect(agent));
  if (position_first) cpBodySetPosition(impl_->block.get(), vect(block));
  cpBodySetAngle(impl_->block.get(), angle);
  if (!position_first) cpBodySetPosition(impl_->block.get(), vect(block));
  step();
}

int PushTPhysics::step() {
  cpSpaceStep(impl_->space.get(), kStep_s);
  int points = 0;
  cpBodyEachArbiter(
      impl_->block.get(),
      [](cpBody*, cpArbiter* arbiter, void* sum) { *static_cast<int*>(sum) += cpArbiterGetCount(arbiter); }, &points);
  return points;
}

void PushTPhysics::set_agent_velocity(Vec2 velocity) { cpBodySetVelocity(impl_->agent.get(), vect(velocity)); }

Vec2 PushTPhysics::agent() const { return vec2(cpBodyGetPosition(impl_->agent.get())); }
Vec2 PushTPhysics::agent_velocity() const { return vec2(cpBodyGetVelocity(impl_->agent.get())); }
Vec2 PushTPhysics::block() const { return vec2(cpBodyGetPosition(impl_->block.get())); }
Vec2 PushTPhysics::block_center() const { return vec2(impl_->block->p); }
double PushTPhysics::angle() const { return cpBodyGetAngle(impl_->block.get()); }
Vec2 PushTPhysics::block_velocity() const { return vec2(cpBodyGetVelocity(impl_->block.get())); }
double PushTPhysics::angular_velocity() const { return cpBodyGetAngularVelocity(impl_->block.get()); }
double PushTPhysics::moment() const { return cpBodyGetMoment(impl_->block.get()); }
Vec2 PushTPhysics::center_of_gravity() const { return vec2(cpBodyGetCenterOfGravity(impl_->block.get())); }

std::vector<Polygon> PushTPhysics::local_parts() const {
  std::vector<Polygon> parts;
  for (const cpShape* shape : impl_->block_shapes) {
    Polygon& part = parts.emplace_back();
    for (int i = 0; i < cpPolyShapeGetCount(shape); ++i) part.push_back(vec2(cpPolyShapeGetVert(shape, i)));
  }
  return parts;
}

std::vector<Polygon> PushTPhysics::parts() const {
  auto parts = local_parts();
  for (auto& part : parts)
    for (auto& corner : part) corner = vec2(cpBodyLocalToWorld(impl_->block.get(), vect(corner)));
  return parts;
}

std::vector<std::array<Vec2, 2>> PushTPhysics::contacts() const {
  std::vector<std::array<Vec2, 2>> lines;
  cpBodyEachArbiter(
      impl_->block.get(),
      [](cpBody*, cpArbiter* arbiter, void* list) {
        const cpContactPointSet set = cpArbiterGetContactPointSet(arbiter);
        const cpVect inwards = cpvmult(set.normal, 2);
        for (int i = 0; i < set.count; ++i)
          static_cast<std::vector<std::array<Vec2, 2>>*>(list)->push_back(
              {vec2(cpvsub(set.points[i].pointA, inwards)), vec2(cpvadd(set.points[i].pointB, inwards))});
      },
      &lines);
  return lines;
}

bool push_t_available() { return true; }

}  // namespace foresee::planner
