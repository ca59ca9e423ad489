#include "planner/env/push_t/push_t.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "data/picture/resize.h"
#include "jepa/core/error.h"
#include "planner/env/environments.h"
#include "planner/env/push_t/painter.h"

namespace foresee::planner {
namespace {

constexpr double kReach_px = 100;  // from the agent to its target, for an action of 1
constexpr double kStiffness = 100, kDamping = 20;
constexpr double kBaseRadius = 0.375;
constexpr double kTurn = 2 * std::numbers::pi;

double wrapped(double angle) {
  const double rest = std::fmod(angle, kTurn);
  return rest < 0 ? rest + kTurn : rest;
}

std::vector<double> state7(std::span<const double> state, const char* what) {
  FORESEE_CHECK(state.size() == 5 || state.size() == 7, "expected a {} of 5 or 7 numbers, got {}", what, state.size());
  FORESEE_CHECK(std::all_of(state.begin(), state.end(), [](double x) { return std::isfinite(x); }),
                "expected a {} of finite numbers", what);
  std::vector<double> full(state.begin(), state.end());
  full.resize(7, 0.0);
  return full;
}

}  // namespace

void describe(Fields& f, PushTConfig& c) {
  static constexpr std::pair<PushTVariant, std::string_view> kVariants[] = {
      {PushTVariant::kSwm, "swm"}, {PushTVariant::kDinoWm, "dino_wm"}, {PushTVariant::kGym, "gym"}};
  static constexpr std::string_view kShapes[] = {"T", "L", "Z", "square", "I", "small_tee", "+"};
  f.choice("variant", c.variant, kVariants, "whose Push-T: actions, success, reward, size of the picture");
  f("float32_actions", c.float32_actions, "agent's target and acceleration in float32, as upstream with a policy");
  f.choice("block_shape", c.block_shape, kShapes, "what is pushed");
  f("block_scale", c.block_scale, "of the shape, pixels; upstream draws other shapes than the T at 40", {10, 60});
  f("agent_scale", c.agent_scale, "the agent's radius is 0.375 of it, pixels", {10, 80});
  f("goal_pose", c.goal_pose, "of the drawn goal: x, y in pixels, angle in radians");
  f("background_color", c.background_color, "RGB", {0, 255});
  f("goal_color", c.goal_color, "RGB", {0, 255});
  f("block_color", c.block_color, "RGB", {0, 255});
  f("agent_color", c.agent_color, "RGB", {0, 255});
  f("render_goal", c.render_goal, "draw the goal pose");
}

void PushTConfig::validate() const {
  if (goal_pose.size() != 3) fail<ConfigError>("push_t: goal_pose is x, y and angle, got {} numbers", goal_pose.size());
  for (const auto* color : {&background_color, &goal_color, &block_color, &agent_color})
    if (color->size() != 3 || std::any_of(color->begin(), color->end(), [](int64_t c) { return c < 0 || c > 255; }))
      fail<ConfigError>("push_t: a colour is three numbers in 0..255");
}

PushT::PushT(PushTConfig config)
    : config_((config.validate(), std::move(config))),
      shape_(push_t_shape(config_.block_shape, config_.block_scale)),
      physics_(shape_, kBaseRadius * config_.agent_scale),
      goal_{256, 400, config_.goal_pose[0], config_.goal_pose[1], wrapped(config_.goal_pose[2]), 0, 0} {
  set_state(std::vector<double>{256, 400, 400, 100, 0});
}

PushT::~PushT() = default;

std::unique_ptr<Env> PushT::clone() const {
  auto copy = std::make_unique<PushT>(config_);
  copy->restore(*this);
  return copy;
}

void PushT::restore(const Env& other) {
  const auto* source = dynamic_cast<const PushT*>(&other);
  FORESEE_CHECK(source != nullptr, "expected a push_t environment to copy from");
  physics_.restore(source->physics_.motion());
  goal_ = source->goal_;
  contacts_ = source->contacts_;
}

void PushT::reset(RandomSequence& random) {
  const auto draw = [&] {
    std::vector<double> s(7, 0.0);
    const auto coordinate = [&](double low, double high) {
      const double x = random.uniform(low, high);
      return gym() ? std::floor(x) : x;
    };
    for (size_t i = 0; i < 2; ++i) s[i] = coordinate(50, 450);
    for (size_t i = 2; i < 4; ++i) s[i] = coordinate(100, 400);
    s[4] = gym() ? random.normal() * kTurn - std::numbers::pi : random.uniform(-kTurn, kTurn);
    return s;
  };
  if (!gym()) set_goal(draw());
  set_state(draw());
}

Vec2 PushT::target(std::span<const double> action) const {
  if (gym()) return {action[0], action[1]};
  const Vec2 agent = physics_.agent();
  if (!config_.float32_actions) return {agent[0] + action[0] * kReach_px, agent[1] + action[1] * kReach_px};
  Vec2 target;
  for (size_t i = 0; i < 2; ++i)
    target[i] = static_cast<float>(agent[i]) + static_cast<float>(action[i]) * static_cast<float>(kReach_px);
  return target;
}

int PushT::substep(const Vec2& target) {
  const Vec2 position = physics_.agent();
  Vec2 velocity = physics_.agent_velocity();
  for (size_t i = 0; i < 2; ++i) {
    if (config_.float32_actions && !gym()) {
      const float pull =
          static_cast<float>(kStiffness) * (static_cast<float>(target[i]) - static_cast<float>(position[i]));
      const float acceleration = pull + static_cast<float>(kDamping * (0 - velocity[i]));
      velocity[i] = static_cast<float>(velocity[i]) + acceleration * static_cast<float>(PushTPhysics::kStep_s);
    } else {
      const double acceleration = kStiffness * (target[i] - position[i]) + kDamping * (0 - velocity[i]);
      velocity[i] += acceleration * PushTPhysics::kStep_s;
    }
  }
  physics_.set_agent_velocity(velocity);
  return physics_.step();
}

bool PushT::step(std::span<const double> action) {
  FORESEE_CHECK(action.size() == 2 && std::isfinite(action[0]) && std::isfinite(action[1]),
                "expected an action of 2 finite numbers, got {}", action.size());
  const Vec2 goes_to = target(action);
  contacts_ = 0;
  for (int i = 0; i < kSubsteps; ++i) contacts_ += substep(goes_to);
  return solved();
}

std::vector<double> PushT::state() const {
  const Vec2 agent = physics_.agent(), block = physics_.block(), velocity = physics_.agent_velocity();
  return {agent[0], agent[1], block[0], block[1], wrapped(physics_.angle()), velocity[0], velocity[1]};
}

void PushT::set_state(std::span<const double> state) {
  const auto s = state7(state, "state");
  physics_.place({s[0], s[1]}, {s[5], s[6]}, {s[2], s[3]}, s[4], /*position_first=*/gym());
  contacts_ = 0;
}

void PushT::set_goal(std::span<const double> goal) {
  goal_ = state7(goal, "goal");
  if (gym()) painter_.reset();  // the drawn goal is the goal
}

std::array<double, 2> PushT::goal_error() const {
  const auto now = state();
  double squares = 0;
  for (size_t i = gym() ? 2 : 0; i < 4; ++i) squares += (goal_[i] - now[i]) * (goal_[i] - now[i]);
  double turn = std::abs(goal_[4] - now[4]);
  if (shape_.symmetry_rad > 0) turn = std::fmod(turn, shape_.symmetry_rad);
  const double full = shape_.symmetry_rad > 0 ? shape_.symmetry_rad : kTurn;
  turn = std::min(turn, full - turn);
  return {std::sqrt(squares), turn};
}

bool PushT::solved() const {
  if (gym()) return coverage() > kCoverage;
  const auto [distance, turn] = goal_error();
  return distance < kSuccess_px && turn < kSuccess_rad;
}

double PushT::distance_to_goal() const {
  const auto [distance, turn] = goal_error();
  return std::hypot(distance, turn * kSuccess_px / kSuccess_rad);
}

double PushT::guidance() const {
  constexpr double kAgentShare = 0.2, kLead = 0.5, kBeside_px = 50;
  const auto now = state();
  const double turn = goal_error()[1] * kSuccess_px / kSuccess_rad;
  const double block = std::hypot(goal_[2] - now[2], goal_[3] - now[3], turn);
  const double agent = gym() ? 0 : std::hypot(goal_[0] - now[0], goal_[1] - now[1]);
  const Vec2 center = physics_.block_center();
  const double away = std::max(0.0, std::hypot(center[0] - now[0], center[1] - now[1]) - kBeside_px);
  return block + kAgentShare * agent + kLead * std::min(1.0, block / kSuccess_px) * away;
}

Vec2 PushT::goal_position() const {
  return gym() ? Vec2{goal_[2], goal_[3]} : Vec2{config_.goal_pose[0], config_.goal_pose[1]};
}
double PushT::goal_angle() const { return gym() ? goal_[4] : config_.goal_pose[2]; }

double PushT::coverage() const {
  const Vec2 position = goal_position();
  const double angle = goal_angle();
  const auto block = physics_.parts();
  double shared = 0, whole = 0;  // the parts of a block overlap nowhere
  for (const auto& part : shape_.parts) {
    const Polygon goal = placed(part, position, angle);
    whole += polygon_area(goal);
    for (const auto& piece : block) shared += intersection_area(piece, goal);
  }
  return shared / whole;
}

double PushT::reward() const {
  if (config_.variant != PushTVariant::kSwm) return std::clamp(coverage() / kCoverage, 0.0, 1.0);
  const auto now = state();
  double squares = 0;
  for (size_t i = 0; i < now.size(); ++i) squares += (goal_[i] - now[i]) * (goal_[i] - now[i]);
  return -std::sqrt(squares);
}

ActionSpec PushT::action_spec() const {
  if (gym()) return {.size = 2, .block = 1, .low = {0, 0}, .high = {512, 512}};
  return {.size = 2, .block = 1, .low = {-1, -1}, .high = {1, 1}};
}

std::vector<double> PushT::rest() const {
  const Vec2 agent = physics_.agent();
  return gym() ? std::vector<double>{agent[0], agent[1]} : std::vector<double>{0, 0};
}

std::vector<std::pair<std::string, std::vector<double>>> PushT::columns() const {
  const auto s = state();
  return {{"state", s},
          {"goal_state", goal_},
          {"proprio", {s[0], s[1], s[5], s[6]}},
          {"pos_agent", {s[0], s[1]}},
          {"vel_agent", {s[5], s[6]}},
          {"block_pose", {s[2], s[3], physics_.angle()}},
          {"n_contacts", {std::ceil(contacts_ / static_cast<double>(kSubsteps))}},
          {"coverage", {coverage()}},
          {"reward", {reward()}}};
}

PushTPainter& PushT::painter() const {
  if (!painter_) {
    std::vector<Polygon> goal;
    if (config_.render_goal)
      for (const auto& part : physics_.local_parts()) goal.push_back(placed(part, goal_position(), goal_angle()));
    painter_ = std::make_unique<PushTPainter>(config_, goal, resolution());
  }
  return *painter_;
}

Tensor PushT::render(int64_t size) const {
  FORESEE_CHECK(size > 0, "expected a positive picture size, got {}", size);
  Tensor picture = at::empty({3, resolution(), resolution()}, at::kByte);
  painter().paint(physics_, kBaseRadius * config_.agent_scale, picture.data_ptr<uint8_t>());
  return size == resolution() ? picture : data::resize_pillow_bilinear(picture, size, size);
}

Tensor PushT::render_goal(int64_t size) const {
  PushT at_goal(config_);
  at_goal.set_goal(goal_);
  // The place itself: a goal that is passed in motion is drawn where it was, not a hundredth of a second later.
  at_goal.set_state(std::span(goal_).first(5));
  return at_goal.render(size);
}

std::vector<double> PushTWeakPolicy::act(const Env& env, RandomSequence& random) {
  const auto* push_t = dynamic_cast<const PushT*>(&env);
  FORESEE_CHECK(push_t != nullptr, "expected a push_t environment for its weak policy");
  const Vec2 agent = push_t->physics().agent(), block = push_t->physics().block();
  std::vector<double> action(2);
  for (size_t i = 0; i < 2; ++i) {
    const double goal = agent[i] + kReach_px * random.uniform(-1, 1);
    const double near = std::clamp(goal, block[i] - kReach_px, block[i] + kReach_px);
    action[i] =
        push_t->config().variant == PushTVariant::kGym ? near : std::clamp((near - agent[i]) / kReach_px, -1.0, 1.0);
  }
  return action;
}

Environment push_t_environment() {
  Environment row{.name = "push_t",
                  .summary = "a disc that pushes a block",
                  .factors = std::make_shared<FactorsOf<PushTConfig, PushT>>()};
  row.collection = {.policy = "cem", .noise = 0.1};
  row.policies["weak"] = [](double) { return std::make_unique<PushTWeakPolicy>(); };
  row.peer = PeerRates{.steps = 8150, .rendered = 657};
  return row;
}

}  // namespace foresee::planner
