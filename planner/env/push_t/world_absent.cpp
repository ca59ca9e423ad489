#include "jepa/core/error.h"
#include "planner/env/push_t/world.h"

// Stands in where the program is built without Chipmunk.
namespace foresee::planner {

struct PushTWorld::Impl {};

PushTWorld::PushTWorld(const PushTShape&, double) {
  fail("push_t: this program was built without Chipmunk; install chipmunk-dev (Debian) and configure and build again");
}
PushTWorld::~PushTWorld() = default;
PushTWorld::PushTWorld(PushTWorld&&) noexcept = default;
PushTWorld::Motion PushTWorld::motion() const { return {}; }
void PushTWorld::restore(const Motion&) {}
void PushTWorld::place(Vec2, Vec2, Vec2, double, bool) {}
int PushTWorld::step() { return 0; }
void PushTWorld::set_agent_velocity(Vec2) {}
Vec2 PushTWorld::agent() const { return {}; }
Vec2 PushTWorld::agent_velocity() const { return {}; }
Vec2 PushTWorld::block() const { return {}; }
Vec2 PushTWorld::block_center() const { return {}; }
double PushTWorld::angle() const { return 0; }
Vec2 PushTWorld::block_velocity() const { return {}; }
double PushTWorld::angular_velocity() const { return 0; }
double PushTWorld::moment() const { return 0; }
Vec2 PushTWorld::center_of_gravity() const { return {}; }
std::vector<Polygon> PushTWorld::parts() const { return {}; }
std::vector<Polygon> PushTWorld::local_parts() const { return {}; }
std::vector<std::array<Vec2, 2>> PushTWorld::contacts() const { return {}; }
bool push_t_available() { return false; }

}  // namespace foresee::planner
