#include "jepa/core/error.h"
#include "planner/env/push_t/physics.h"

// Stands in where the program is built without Chipmunk.
namespace foresee::planner {

struct PushTPhysics::Impl {};

PushTPhysics::PushTPhysics(const PushTShape&, double) {
  fail("push_t: this program was built without Chipmunk; install chipmunk-dev (Debian) and configure and build again");
}
PushTPhysics::~PushTPhysics() = default;
PushTPhysics::PushTPhysics(PushTPhysics&&) noexcept = default;
PushTPhysics::Motion PushTPhysics::motion() const { return {}; }
void PushTPhysics::restore(const Motion&) {}
void PushTPhysics::place(Vec2, Vec2, Vec2, double, bool) {}
int PushTPhysics::step() { return 0; }
void PushTPhysics::set_agent_velocity(Vec2) {}
Vec2 PushTPhysics::agent() const { return {}; }
Vec2 PushTPhysics::agent_velocity() const { return {}; }
Vec2 PushTPhysics::block() const { return {}; }
Vec2 PushTPhysics::block_center() const { return {}; }
double PushTPhysics::angle() const { return 0; }
Vec2 PushTPhysics::block_velocity() const { return {}; }
double PushTPhysics::angular_velocity() const { return 0; }
double PushTPhysics::moment() const { return 0; }
Vec2 PushTPhysics::center_of_gravity() const { return {}; }
std::vector<Polygon> PushTPhysics::parts() const { return {}; }
std::vector<Polygon> PushTPhysics::local_parts() const { return {}; }
std::vector<std::array<Vec2, 2>> PushTPhysics::contacts() const { return {}; }
bool push_t_available() { return false; }

}  // namespace foresee::planner
