#include "jepa/core/error.h"
#include "planner/env/reacher/physics.h"

// Stands in where the program is built without MuJoCo.
namespace foresee::planner {
namespace {
constexpr const char* kAbsent =
    "reacher: this program was built without MuJoCo; fetch it (tools/quickstart.sh does, without --minimal; or pip "
    "download mujoco-core) and configure with -DFORESEE_MUJOCO_ROOT=DIR, the folder that holds include/ and "
    "libmujoco.so";
}

struct ReacherPhysics::Model {};
struct ReacherPhysics::Impl {};

ReacherPhysics::ReacherPhysics(const ReacherConfig&) { fail("{}", kAbsent); }
ReacherPhysics::ReacherPhysics(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ReacherPhysics::~ReacherPhysics() = default;
ReacherPhysics::ReacherPhysics(ReacherPhysics&&) noexcept = default;
ReacherPhysics ReacherPhysics::copy() const { fail("{}", kAbsent); }
void ReacherPhysics::restore(const ReacherPhysics&) {}
void ReacherPhysics::set(const Pair&, const Pair&) {}
void ReacherPhysics::step(const Pair&) {}
Pair ReacherPhysics::angles() const { return {}; }
Pair ReacherPhysics::velocities() const { return {}; }
Pair ReacherPhysics::finger() const { return {}; }
void ReacherPhysics::set_target(const Pair&) {}
Pair ReacherPhysics::target() const { return {}; }
void ReacherPhysics::render(int64_t, uint8_t*) const {}
bool reacher_available() { return false; }
std::string reacher_renderer() { return kAbsent; }

}  // namespace foresee::planner
