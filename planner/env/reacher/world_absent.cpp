#include "jepa/core/error.h"
#include "planner/env/reacher/world.h"

// Stands in where the program is built without MuJoCo.
namespace foresee::planner {
namespace {
constexpr const char* kAbsent =
    "reacher: this program was built without MuJoCo; fetch it (tools/quickstart.sh does, without --minimal; or pip "
    "download mujoco-core) and configure with -DFORESEE_MUJOCO_ROOT=DIR, the folder that holds include/ and "
    "libmujoco.so";
}

struct ReacherWorld::Model {};
struct ReacherWorld::Impl {};

ReacherWorld::ReacherWorld(const ReacherConfig&) { fail("{}", kAbsent); }
ReacherWorld::ReacherWorld(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ReacherWorld::~ReacherWorld() = default;
ReacherWorld::ReacherWorld(ReacherWorld&&) noexcept = default;
ReacherWorld ReacherWorld::copy() const { fail("{}", kAbsent); }
void ReacherWorld::restore(const ReacherWorld&) {}
void ReacherWorld::set(const Pair&, const Pair&) {}
void ReacherWorld::step(const Pair&) {}
Pair ReacherWorld::angles() const { return {}; }
Pair ReacherWorld::velocities() const { return {}; }
Pair ReacherWorld::finger() const { return {}; }
void ReacherWorld::set_target(const Pair&) {}
Pair ReacherWorld::target() const { return {}; }
void ReacherWorld::render(int64_t, uint8_t*) const {}
bool reacher_available() { return false; }
std::string reacher_renderer() { return kAbsent; }

}  // namespace foresee::planner
