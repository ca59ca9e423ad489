#include "planner/env/reacher/physics.h"

#include <fmt/format.h>
#include <mujoco/mujoco.h>

#include <algorithm>
#include <mutex>

#include "jepa/core/error.h"
#include "planner/env/reacher/gl_context.h"

namespace foresee::planner {
namespace {

std::string rgb(const std::vector<double>& color) { return fmt::format("{} {} {}", color[0], color[1], color[2]); }

// Links of kLink_m: a capsule each, and a ball for a finger. The ground, its four low walls and the hub are only looked
// at: nothing collides. The camera shows kSeen_m = 2 * 0.74 * tan(45 degrees / 2) at the height of the arm.
std::string model_text(const ReacherConfig& c) {
  const auto wall = [](const char* name, double x, double y) {
    return fmt::format(
        R"(<geom name="{}" type="plane" pos="{} {} 0.02" zaxis="{} {} 0" size="{} {} 0.02" material="wall"/>)", name,
        0.3 * x, 0.3 * y, -x, -y, x != 0 ? 0.02 : 0.3, x != 0 ? 0.3 : 0.02);
  };
  return fmt::format(
      R"(<mujoco model="foresee reacher">
<option timestep="{step}"><flag contact="disable"/></option>
<visual>
  <headlight ambient="0.4 0.4 0.4" diffuse="0.8 0.8 0.8" specular="0.1 0.1 0.1"/>
  <map znear="0.01"/><quality shadowsize="2048"/><global offwidth="1024" offheight="1024"/>
</visual>
<asset>
  <texture name="sky" type="skybox" builtin="gradient" rgb1="0.4 0.6 0.8" rgb2="0 0 0" width="128" height="768"/>
  <texture name="board" type="2d" builtin="checker" rgb1="{floor}" rgb2="{floor2}" width="300" height="300" mark="edge"
    markrgb="0.2 0.3 0.4"/>
  <material name="ground" texture="board" texrepeat="1 1" texuniform="true" reflectance="0.2"/>
  <material name="link" rgba="{arm} 1"/>
  <material name="tip" rgba="0.7 0.4 0.2 1"/>
  <material name="wall" rgba="0.3 0.5 0.7 1"/>
  <material name="goal" rgba="{target} {target_alpha}"/>
</asset>
<worldbody>
  <camera name="above" pos="0 0 0.75" fovy="45"/>
  <light name="lamp" pos="0 0 1" diffuse="{light} {light} {light}"/>
  <geom name="ground" type="plane" size="0.3 0.3 10" material="ground"/>
  {walls}
  <geom name="hub" type="cylinder" pos="0 0 0.01" size="0.011 0.01" material="wall"/>
  <geom name="target" type="sphere" size="0.015" pos="0.1 0.1 0.01" material="goal"/>
  <body name="arm" pos="0 0 0.01">
    <joint name="shoulder" type="hinge" axis="0 0 1" damping="0.01"/>
    <geom name="arm" type="capsule" fromto="0 0 0 {link} 0 0" size="0.01" density="{arm_density}" material="link"/>
    <body name="hand" pos="{link} 0 0">
      <joint name="wrist" type="hinge" axis="0 0 1" damping="0.01" limited="true" range="-160 160"/>
      <geom name="hand" type="capsule" fromto="0 0 0 0.1 0 0" size="0.01" material="link"/>
      <body name="finger" pos="{link} 0 0">
        <geom name="finger" type="sphere" size="0.01" density="{finger_density}" material="tip"/>
      </body>
    </body>
  </body>
</worldbody>
<actuator>
  <motor name="shoulder" joint="shoulder" gear="0.05" ctrllimited="true" ctrlrange="-1 1"/>
  <motor name="wrist" joint="wrist" gear="0.05" ctrllimited="true" ctrlrange="-1 1"/>
</actuator>
</mujoco>)",
      fmt::arg("step", ReacherPhysics::kStep_s), fmt::arg("link", ReacherPhysics::kLink_m),
      fmt::arg("floor", rgb(c.floor_color)), fmt::arg("floor2", rgb(c.floor_color2)), fmt::arg("arm", rgb(c.arm_color)),
      fmt::arg("target", rgb(c.target_color)), fmt::arg("target_alpha", c.render_target ? 1 : 0),
      fmt::arg("light", c.light), fmt::arg("arm_density", c.arm_density), fmt::arg("finger_density", c.finger_density),
      fmt::arg("walls",
               wall("wall_x", -1, 0) + wall("wall_y", 0, -1) + wall("wall_neg_x", 1, 0) + wall("wall_neg_y", 0, 1)));
}

struct FreeModel {
  void operator()(mjModel* model) const { mj_deleteModel(model); }
};
struct FreeData {
  void operator()(mjData* data) const { mj_deleteData(data); }
};

/// What draws one model: made at the first picture.
class Renderer {
 public:
  explicit Renderer(const mjModel* model) : gl_(make_gl_context()) {
    gl_->make_current();
    mjv_defaultScene(&scene_);
    mjr_defaultContext(&context_);
    mjv_makeScene(model, &scene_, 200);
    mjr_makeContext(model, &context_, mjFONTSCALE_100);
    mjr_setBuffer(mjFB_OFFSCREEN, &context_);
    mjv_defaultOption(&option_);
    mjv_defaultCamera(&camera_);
    camera_.type = mjCAMERA_FIXED;
    camera_.fixedcamid = mj_name2id(model, mjOBJ_CAMERA, "above");
    gl_->release();
    if (context_.currentBuffer != mjFB_OFFSCREEN) fail("reacher: {} cannot draw into a buffer", gl_->name());
  }
  ~Renderer() {
    gl_->make_current();
    mjr_freeContext(&context_);
    mjv_freeScene(&scene_);
    gl_->release();
  }

  void draw(const mjModel* model, mjData* data, int64_t size, uint8_t* out) {
    FORESEE_CHECK(size >= 1 && size <= 1024, "expected a picture of 1 to 1024 pixels, got {}", size);
    gl_->make_current();
    mjv_updateScene(model, data, &option_, nullptr, &camera_, mjCAT_ALL, &scene_);
    const mjrRect view{0, 0, static_cast<int>(size), static_cast<int>(size)};
    mjr_render(view, &scene_, &context_);
    mjr_readPixels(out, nullptr, view, &context_);
    gl_->release();
    const auto row = static_cast<size_t>(3 * size);  // OpenGL's first row is the lowest
    for (int64_t y = 0; y < size / 2; ++y)
      std::swap_ranges(out + y * 3 * size, out + y * 3 * size + row, out + (size - 1 - y) * 3 * size);
  }
  std::string name() const { return gl_->name(); }

 private:
  std::unique_ptr<GlContext> gl_;
  mjvScene scene_;
  mjrContext context_;
  mjvOption option_;
  mjvCamera camera_;
};

}  // namespace

struct ReacherPhysics::Model {
  explicit Model(const ReacherConfig& config) {
    char error[512] = "";
    mjSpec* spec = mj_parseXMLString(model_text(config).c_str(), nullptr, error, sizeof(error));
    FORESEE_CHECK(spec != nullptr, "the reacher's model is not read: {}", error);
    model.reset(mj_compile(spec, nullptr));
    const std::string reason = model ? "" : mjs_getError(spec);
    mj_deleteSpec(spec);
    FORESEE_CHECK(model != nullptr, "the reacher's model is not compiled: {}", reason);
    finger = mj_name2id(model.get(), mjOBJ_GEOM, "finger");
    target = mj_name2id(model.get(), mjOBJ_GEOM, "target");
  }

  std::unique_ptr<mjModel, FreeModel> model;
  int finger, target;
  std::mutex drawing;
  std::unique_ptr<Renderer> renderer;
};

struct ReacherPhysics::Impl {
  explicit Impl(std::shared_ptr<Model> shared) : model(std::move(shared)), data(mj_makeData(model->model.get())) {}

  const mjModel* m() const { return model->model.get(); }
  mjData* d() const { return data.get(); }

  std::shared_ptr<Model> model;
  std::unique_ptr<mjData, FreeData> data;
  Pair target{0.1, 0.1};
};

ReacherPhysics::ReacherPhysics(const ReacherConfig& config)
    : impl_(std::make_unique<Impl>(std::make_shared<Model>((config.validate(), config)))) {
  set({0, 0}, {0, 0});
}
ReacherPhysics::ReacherPhysics(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ReacherPhysics::~ReacherPhysics() = default;
ReacherPhysics::ReacherPhysics(ReacherPhysics&&) noexcept = default;

ReacherPhysics ReacherPhysics::copy() const {
  ReacherPhysics physics(std::make_unique<Impl>(impl_->model));
  physics.restore(*this);
  return physics;
}

void ReacherPhysics::restore(const ReacherPhysics& other) {
  mj_copyData(impl_->d(), impl_->m(), other.impl_->d());
  impl_->target = other.impl_->target;
}

void ReacherPhysics::set(const Pair& angles, const Pair& velocities) {
  mj_resetData(impl_->m(), impl_->d());
  std::copy(angles.begin(), angles.end(), impl_->d()->qpos);
  std::copy(velocities.begin(), velocities.end(), impl_->d()->qvel);
  mj_forward(impl_->m(), impl_->d());
}

void ReacherPhysics::step(const Pair& action) {
  for (size_t i = 0; i < 2; ++i) impl_->d()->ctrl[i] = std::clamp(action[i], -1.0, 1.0);
  mj_step(impl_->m(), impl_->d());
}

Pair ReacherPhysics::angles() const { return {impl_->d()->qpos[0], impl_->d()->qpos[1]}; }
Pair ReacherPhysics::velocities() const { return {impl_->d()->qvel[0], impl_->d()->qvel[1]}; }

Pair ReacherPhysics::finger() const {
  mj_kinematics(impl_->m(), impl_->d());  // mj_step leaves places of the state before it
  const mjtNum* place = impl_->d()->geom_xpos + 3 * impl_->model->finger;
  return {place[0], place[1]};
}

void ReacherPhysics::set_target(const Pair& xy) { impl_->target = xy; }
Pair ReacherPhysics::target() const { return impl_->target; }

void ReacherPhysics::render(int64_t size, uint8_t* out) const {
  mj_forward(impl_->m(), impl_->d());
  mjtNum* place = impl_->d()->geom_xpos + 3 * impl_->model->target;
  place[0] = impl_->target[0];
  place[1] = impl_->target[1];
  const std::lock_guard lock(impl_->model->drawing);
  if (!impl_->model->renderer) impl_->model->renderer = std::make_unique<Renderer>(impl_->m());
  impl_->model->renderer->draw(impl_->m(), impl_->d(), size, out);
}

bool reacher_available() { return true; }

std::string reacher_renderer() {
  try {
    return make_gl_context()->name();
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace foresee::planner
