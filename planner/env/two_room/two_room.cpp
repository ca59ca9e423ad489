#include "planner/env/two_room/two_room.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "jepa/core/error.h"
#include "planner/env/environments.h"
#include "planner/env/two_room/painter.h"

namespace foresee::planner {
namespace {

constexpr double kDoorMargin = 1.75;  // pixels that the agent's centre may be off an opening
constexpr double kPushBack = 0.5;     // distance from the wall after a hit
constexpr double kDoorFit = 1.1;      // half an opening that counts as passable, in radii
constexpr double kResetLow = 14, kResetHigh = 209;
constexpr int kResetTries = 100000;

double length(double dx, double dy) { return std::sqrt(dx * dx + dy * dy); }

TwoRoom::Point point(std::span<const double> values) {
  FORESEE_CHECK(values.size() >= 2, "expected (x, y), got {} numbers", values.size());
  FORESEE_CHECK(std::isfinite(values[0]) && std::isfinite(values[1]), "expected finite (x, y), got ({}, {})", values[0],
                values[1]);
  return {static_cast<float>(values[0]), static_cast<float>(values[1])};
}

}  // namespace

void describe(Fields& f, TwoRoomConfig& c) {
  static constexpr std::pair<WallAxis, std::string_view> kAxes[] = {{WallAxis::kVertical, "vertical"},
                                                                    {WallAxis::kHorizontal, "horizontal"}};
  static constexpr std::pair<GoalRule, std::string_view> kRules[] = {{GoalRule::kOpposite, "opposite"},
                                                                     {GoalRule::kAny, "any"}};
  f.choice("wall_axis", c.wall_axis, kAxes, "how the wall stands");
  f("wall_thickness", c.wall_thickness, "pixels", {1, 60});
  f("doors", c.doors, "doors in the wall", {1, 3});
  f("door_position", c.door_position, "centres along the wall, pixels", {0, 223});
  f("door_size", c.door_size, "half openings, pixels", {1, 112});
  f("agent_radius", c.agent_radius, "pixels", {0.5, 40});
  f("target_radius", c.target_radius, "pixels", {0.5, 40});
  f("agent_speed", c.agent_speed, "pixels per step and unit of action", {0.01, 50});
  f("background_color", c.background_color, "RGB", {0, 255});
  f("wall_color", c.wall_color, "RGB, of wall and border", {0, 255});
  f("door_color", c.door_color, "RGB", {0, 255});
  f("agent_color", c.agent_color, "RGB", {0, 255});
  f("target_color", c.target_color, "RGB", {0, 255});
  f("render_target", c.render_target, "draw the goal in the picture");
  f.choice("goal_rule", c.goal_rule, kRules, "where reset puts the goal");
  f("min_steps", c.min_steps, "least steps of the way through a door (goal_rule opposite)", {0, 60});
}

void TwoRoomConfig::validate() const {
  const auto count = static_cast<size_t>(doors);
  if (doors < 1 || door_position.size() < count || door_size.size() < count)
    fail<ConfigError>("two_room: expected 1 to 3 doors with a position and a size each, got {} with {} and {}", doors,
                      door_position.size(), door_size.size());
  for (const auto* color : {&background_color, &wall_color, &door_color, &agent_color, &target_color})
    if (color->size() != 3 || std::any_of(color->begin(), color->end(), [](int64_t c) { return c < 0 || c > 255; }))
      fail<ConfigError>("two_room: a colour is three numbers in 0..255");
}

TwoRoom::TwoRoom(TwoRoomConfig config)
    : config_(std::move(config)), vertical_(config_.wall_axis == WallAxis::kVertical) {
  config_.validate();
  const double half = static_cast<double>(config_.wall_thickness / 2),
               radius = static_cast<float>(config_.agent_radius);
  wall_low_ = kWallCenter - half - radius;
  wall_high_ = kWallCenter + half + radius;
  for (size_t i = 0; i < static_cast<size_t>(config_.doors); ++i) {
    const auto center = static_cast<double>(config_.door_position[i]), size = static_cast<double>(config_.door_size[i]);
    bands_.push_back({center - size - kDoorMargin, center + size + kDoorMargin});
  }
  agent_ = vertical_ ? Point{56.5f, 111.5f} : Point{111.5f, 56.5f};
  target_ = vertical_ ? Point{166.5f, 111.5f} : Point{111.5f, 166.5f};
}

TwoRoom::~TwoRoom() = default;

std::unique_ptr<Env> TwoRoom::clone() const { return std::make_unique<TwoRoom>(*this); }

bool TwoRoom::in_door(double along) const {
  return std::any_of(bands_.begin(), bands_.end(),
                     [&](const auto& band) { return band[0] <= along && along <= band[1]; });
}

bool TwoRoom::step(std::span<const double> action) {
  FORESEE_CHECK(action.size() == 2, "expected an action of 2 numbers, got {}", action.size());
  const auto speed = static_cast<float>(config_.agent_speed);
  const double radius = static_cast<float>(config_.agent_radius);
  Point next;
  for (size_t i = 0; i < 2; ++i) {
    const float move = std::clamp(static_cast<float>(action[i]), -1.0f, 1.0f) * speed;
    const float moved = agent_[i] + move;
    next[i] = static_cast<float>(std::min(std::max(static_cast<double>(moved), kBorder + radius),
                                          static_cast<double>(kSize) - kBorder - radius));
  }
  // Only where the step ends counts: no line is traced, and the side is that of the old position.
  const size_t a = across();
  if (!in_door(next[1 - a])) {
    if (agent_[a] < kWallCenter && next[a] > wall_low_) next[a] = static_cast<float>(wall_low_ - kPushBack);
    if (agent_[a] >= kWallCenter && next[a] < wall_high_) next[a] = static_cast<float>(wall_high_ + kPushBack);
  }
  agent_ = next;
  return solved();
}

float TwoRoom::target_distance() const {
  const float dx = agent_[0] - target_[0], dy = agent_[1] - target_[1];
  return std::sqrt(std::fma(dy, dy, dx * dx));  // as torch.norm rounds it
}

void TwoRoom::reset(RandomSequence& random) {
  const size_t a = across();
  const auto draw = [&] {
    Point p;
    for (auto& x : p) x = static_cast<float>(random.uniform(kResetLow, kResetHigh));
    return p;
  };
  const auto in_wall = [&](const Point& p) { return wall_low_ <= p[a] && p[a] <= wall_high_; };
  const auto steps_between = [&](const Point& from, const Point& to) {
    double shortest = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < bands_.size(); ++i) {
      if (static_cast<double>(config_.door_size[i]) < kDoorFit * config_.agent_radius) continue;
      const auto door = static_cast<double>(config_.door_position[i]);
      shortest = std::min(
          shortest, length(from[a] - kWallCenter, from[1 - a] - door) + length(to[a] - kWallCenter, to[1 - a] - door));
    }
    return shortest / config_.agent_speed;
  };
  for (int i = 0; i < kResetTries; ++i) {
    const Point start = draw();
    if (in_wall(start)) continue;
    // Goals are drawn again for the same start, as upstream does; a start with no goal far enough away is given up.
    for (int j = 0; j < kResetTries / 100; ++j) {
      const Point goal = draw();
      if (config_.goal_rule == GoalRule::kOpposite) {
        if ((start[a] < kWallCenter) == (goal[a] < kWallCenter) || in_wall(goal)) continue;
        if (steps_between(start, goal) < static_cast<double>(config_.min_steps)) continue;
      }
      agent_ = start;
      target_ = goal;
      if (config_.render_target) painter_.reset();
      return;
    }
  }
  fail("two_room: no start and goal {} steps apart found; min_steps is too large for this world", config_.min_steps);
}

std::vector<double> TwoRoom::state() const { return {agent_[0], agent_[1]}; }
void TwoRoom::set_state(std::span<const double> state) { agent_ = point(state); }
std::vector<double> TwoRoom::goal() const { return {target_[0], target_[1]}; }

void TwoRoom::set_goal(std::span<const double> goal) {
  target_ = point(goal);
  if (config_.render_target) painter_.reset();
}

double TwoRoom::distance_to_goal() const { return shortest_path(agent_, target_); }

// The agent's centre may be left of wall_low_, right of wall_high_, or between them inside a band. From one side to the
// other the shortest way is a taut string through the gates (wall_low_, band) and (wall_high_, band): straight, or bent
// at one corner of either gate, or at one of each. All such strings are tried; the shortest valid one is the way.
double TwoRoom::shortest_path(Point from, Point to) const {
  const size_t a = across();
  struct Place {
    double x, y;  // across, along
    int side;     // -1, 0 inside a door, 1
  };
  const auto locate = [&](const Point& p, double& extra) {
    Place place{p[a], p[1 - a], 0};
    if (place.x <= wall_low_) return place.side = -1, place;
    if (place.x >= wall_high_) return place.side = 1, place;
    if (in_door(place.y)) return place;
    const double outside = place.x < kWallCenter ? wall_low_ - kPushBack : wall_high_ + kPushBack;
    extra += std::abs(place.x - outside);
    return Place{outside, place.y, place.x < kWallCenter ? -1 : 1};
  };
  double extra = 0;
  Place p = locate(from, extra), q = locate(to, extra);
  if (p.side > q.side) std::swap(p, q);
  const double straight = length(p.x - q.x, p.y - q.y);
  if (p.side == q.side && p.side != 0) return straight + extra;

  const double low = kBorder + config_.agent_radius, high = kSize - kBorder - config_.agent_radius;
  double best = std::numeric_limits<double>::infinity();
  for (const auto& band : bands_) {
    const double from_y = std::max(band[0], low), to_y = std::min(band[1], high);
    if (from_y > to_y) continue;
    if ((p.side == 0 && (p.y < from_y || p.y > to_y)) || (q.side == 0 && (q.y < from_y || q.y > to_y))) continue;
    std::vector<double> gates;  // in the order they are passed from p to q
    if (p.side == -1) gates.push_back(wall_low_);
    if (q.side == 1) gates.push_back(wall_high_);
    const auto passes = [&](const Place& s, const Place& t) {  // the line s-t stays in the band at each gate between
      for (const double gate : gates) {
        if (gate <= s.x || gate >= t.x) continue;
        const double y = s.y + (t.y - s.y) * (gate - s.x) / (t.x - s.x);
        if (y < from_y || y > to_y) return false;
      }
      return true;
    };
    if (passes(p, q)) best = std::min(best, straight);
    for (size_t g = 0; g < gates.size(); ++g) {
      for (const double y : {from_y, to_y}) {
        const Place corner{gates[g], y, 0};
        const double first = length(p.x - corner.x, p.y - corner.y);
        if (passes(p, corner) && passes(corner, q))
          best = std::min(best, first + length(q.x - corner.x, q.y - corner.y));
        for (size_t h = g + 1; h < gates.size(); ++h)
          for (const double z : {from_y, to_y})
            best = std::min(best, first + length(gates[h] - corner.x, z - y) + length(q.x - gates[h], q.y - z));
      }
    }
  }
  return (std::isfinite(best) ? best : straight + kSize) + extra;
}

ActionSpec TwoRoom::action_spec() const { return {.size = 2, .block = 1, .low = {-1, -1}, .high = {1, 1}}; }

std::vector<std::pair<std::string, std::vector<double>>> TwoRoom::columns() const {
  std::vector<double> observation{agent_[0], agent_[1], target_[0], target_[1]};
  for (size_t i = 0; i < 3; ++i) {
    const bool there = i < bands_.size();
    const double along = there ? static_cast<double>(config_.door_position[i]) : 0, wall = there ? kWallCenter : 0;
    observation.insert(observation.end(), {vertical_ ? wall : along, vertical_ ? along : wall});
  }
  return {{"observation", observation},
          {"pos_agent", state()},
          {"pos_target", goal()},
          {"proprio", state()},
          {"state", state()},
          {"goal_state", goal()},
          {"distance_to_target", {target_distance()}}};
}

const TwoRoomPainter& TwoRoom::painter() const {
  if (!painter_) painter_ = std::make_shared<const TwoRoomPainter>(config_, target_);
  return *painter_;
}

void TwoRoom::render_into(int64_t size, uint8_t* out) const { painter().paint(agent_, size, out); }

Tensor TwoRoom::render(int64_t size) const {
  Tensor picture = at::empty({3, size, size}, at::kByte);
  render_into(size, picture.data_ptr<uint8_t>());
  return picture;
}

Tensor TwoRoom::render_goal(int64_t size) const {
  Tensor picture = at::empty({3, size, size}, at::kByte);
  painter().paint(target_, size, picture.data_ptr<uint8_t>());
  return picture;
}

Environment two_room_environment() {
  Environment row{.name = "two_room",
                  .summary = "stable-worldmodel's two rooms",
                  .factors = std::make_shared<FactorsOf<TwoRoomConfig, TwoRoom>>()};
  row.collection.noise = 2.0;  // of the published data
  row.policies["expert"] = [](double noise) { return std::make_unique<TwoRoomExpert>(noise); };
  row.far.prepare = [](Factors& factors) {
    TwoRoomConfig& config = dynamic_cast<FactorsOf<TwoRoomConfig, TwoRoom>&>(factors).config;
    config.goal_rule = GoalRule::kOpposite;
    config.min_steps = 0;
  };
  row.far.at_rest = true;
  row.far.origin = "start and goal drawn uniformly in opposite rooms";
  row.columns = {.state = {{"proprio", "pos_agent"}}, .goal = {{"proprio", "pos_agent"}}};
  row.peer = PeerRates{.steps = 21400, .rendered = 1015};
  return row;
}

}  // namespace foresee::planner
