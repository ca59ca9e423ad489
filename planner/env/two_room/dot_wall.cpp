#include "planner/env/two_room/dot_wall.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "data/picture/resize.h"
#include "jepa/core/error.h"
#include "planner/env/environments.h"

namespace foresee::planner {
namespace {

using Point = DotWall::Point;

constexpr int64_t kBorderIndex = 4;  // of the border lines, from either end
constexpr float kLow = kBorderIndex, kHigh = DotWall::kSize - 1 - kBorderIndex;
constexpr float kNoise = 0.5f, kInside = 0.3f;

float sign(float x) { return static_cast<float>((x > 0) - (x < 0)); }

Point dot_point(std::span<const double> values) {
  FORESEE_CHECK(values.size() >= 2 && std::isfinite(values[0]) && std::isfinite(values[1]),
                "expected finite (x, y), got {} numbers", values.size());
  return {static_cast<float>(values[0]), static_cast<float>(values[1])};
}

/// Where the move p -> q meets the line coordinate[axis] = at: on it, or from one side to the other.
std::optional<Point> hit(const Point& p, const Point& q, size_t axis, float at) {
  if (sign(p[axis] - at) * sign(q[axis] - at) > 0) return std::nullopt;
  const float across = q[axis] - p[axis], along = q[1 - axis] - p[1 - axis];
  Point point;
  point[axis] = at;
  if (across == 0) {  // along the line itself, where upstream divides by zero
    point[1 - axis] = p[1 - axis];
  } else {
    const float slope = along / across;
    point[1 - axis] = slope * at + (p[1 - axis] - slope * p[axis]);
  }
  return point;
}

double gap(const Point& p, const Point& q) { return std::hypot(p[0] - q[0], p[1] - q[1]); }

}  // namespace

void describe(Fields& f, DotWallConfig& c) {
  f("wall_width", c.wall_width, "columns", {1, 15});
  f("door_space", c.door_space, "rows of the opening to either side of its centre", {1, 20});
  f("dot_std", c.dot_std, "deviation of the drawn dot, pixels", {0.5, 6});
  f("action_scale", c.action_scale, "pixels per unit of action", {0.1, 10});
  f("action_bound", c.action_bound, "of each number of an action", {0.1, 10});
  f("fix_wall", c.fix_wall, "the wall stands at wall_x, door_y; else reset draws them");
  f("wall_x", c.wall_x, "column of the wall", {12, 52});
  f("door_y", c.door_y, "row of the door's centre", {8, 56});
  f("wall_padding", c.wall_padding, "columns that a drawn wall keeps from the border", {12, 32});
  f("door_padding", c.door_padding, "rows that a drawn door keeps from the border", {8, 32});
  f("rgb", c.rgb, "a red dot on white; else the dot in red and the wall in green");
}

void DotWallConfig::validate() const {
  if (wall_padding > DotWall::kSize / 2 || door_padding > DotWall::kSize / 2 ||
      wall_x <= kBorderIndex + wall_width / 2 || wall_x >= DotWall::kSize - 1 - kBorderIndex - wall_width / 2)
    fail<ConfigError>("dot wall: wall and door must lie inside the border");
}

DotWallConfig dino_wm_wall() {
  return {.wall_width = 6,
          .dot_std = 1.7,
          .action_scale = 2,
          .action_bound = 1,
          .fix_wall = true,
          .wall_x = 32,
          .door_y = 30,
          .rgb = true};
}

DotWall::DotWall(DotWallConfig config)
    : config_((config.validate(), std::move(config))),
      wall_x_(static_cast<float>(config_.wall_x)),
      door_y_(static_cast<float>(config_.door_y)),
      dot_{(kLow + wall_x_) / 2, 32},
      goal_{(kHigh + wall_x_) / 2, 32},
      noise_(Random(0, Stream::kEnvReset)) {}

void DotWall::restore(const Env& other) {
  const auto* source = dynamic_cast<const DotWall*>(&other);
  FORESEE_CHECK(source != nullptr, "expected a dot-and-wall environment to copy from");
  *this = *source;
}

void DotWall::reset(RandomSequence& random) {
  if (!config_.fix_wall) {
    const auto place = [&](int64_t padding) {
      return static_cast<float>(padding + random.integer(kSize - 2 * padding));
    };
    wall_x_ = place(config_.wall_padding);
    door_y_ = place(config_.door_padding);
  }
  const auto clear = static_cast<float>(2 * config_.dot_std);  // of the dot's centre from border and wall
  const auto uniform = [&](float low, float high) { return static_cast<float>(random.uniform(low, high)); };
  float x = uniform(kLow + clear, wall_x_ - half_width() - clear);
  float goal_x = uniform(wall_x_ + half_width() + clear, kHigh - clear);
  if (random.uniform() < 0.5) std::swap(x, goal_x);
  dot_ = {x, uniform(kLow + clear, kHigh - clear)};
  goal_ = {goal_x, uniform(kLow + clear, kHigh - clear)};
  noise_ = RandomSequence(Random(static_cast<uint64_t>(random.uniform() * 0x1p53), Stream::kEnvReset, 1));
}

Point DotWall::moved(const Point& p, const Point& action, const std::function<Point()>& draw) const {
  const auto scale = static_cast<float>(config_.action_scale);
  const Point q{p[0] + scale * action[0], p[1] + scale * action[1]};
  const auto open = static_cast<float>(config_.door_space);
  const auto noise = [&] {
    const Point pair = draw();
    return Point{kNoise * pair[0], kNoise * pair[1]};
  };

  // The ends of the opening, from inside it.
  const bool down = p[1] < door_y_ + open && door_y_ + open < q[1];
  const bool up = p[1] > door_y_ - open && door_y_ - open > q[1];
  if (down || up) {
    const float edge = down ? door_y_ + open : door_y_ - open;
    const float x = p[0] + (q[0] - p[0]) * (edge - p[1]) / (q[1] - p[1]);
    if (wall_x_ - half_width() <= x && x <= wall_x_ + half_width()) {
      const Point n = noise();
      return {x + n[0], edge + (down ? -std::abs(n[1]) : std::abs(n[1]))};
    }
  }

  // The room that the dot is in: the wall is its right or its left side, with a hole.
  const bool wall_right = wall_x_ > p[0];
  const float left = wall_right ? kLow : wall_x_ + half_width(), right = wall_right ? wall_x_ - half_width() : kHigh;
  const auto side = [&](float x, bool hole) {
    const auto point = hit(p, q, 0, x);
    if (point && hole && door_y_ - open <= (*point)[1] && (*point)[1] <= door_y_ + open) return std::optional<Point>();
    return point;
  };
  auto vertical = side(left, !wall_right);
  if (!vertical) vertical = side(right, wall_right);
  auto horizontal = hit(p, q, 1, kLow);
  if (!horizontal) horizontal = hit(p, q, 1, kHigh);
  if (!vertical && !horizontal) return q;

  Point noises[2]{};
  if (vertical) noises[0] = noise();
  if (horizontal) noises[1] = noise();
  const size_t axis = !horizontal || (vertical && gap(*vertical, p) <= gap(*horizontal, p)) ? 0 : 1;
  const Point& met = axis == 0 ? *vertical : *horizontal;
  Point n = noises[axis];
  n[axis] = std::abs(n[axis]) * sign(p[axis] - met[axis]);
  Point next{std::clamp(met[0] + n[0], left, right), std::clamp(met[1] + n[1], kLow, kHigh)};
  if (next[0] <= left) next[0] = left + kInside;
  if (next[0] >= right) next[0] = right - kInside;
  if (next[1] <= kLow) next[1] = kLow + kInside;
  if (next[1] >= kHigh) next[1] = kHigh - kInside;
  return next;
}

bool DotWall::step(std::span<const double> action) {
  dot_ = moved(dot_, dot_point(action), [&] {
    const auto x = static_cast<float>(noise_.normal());
    return Point{x, static_cast<float>(noise_.normal())};
  });
  return solved();
}

std::vector<double> DotWall::state() const { return {dot_[0], dot_[1], wall_x_, door_y_}; }

void DotWall::set_state(std::span<const double> state) {
  dot_ = dot_point(state);
  if (state.size() < 4) return;
  wall_x_ = static_cast<float>(state[2]);
  door_y_ = static_cast<float>(state[3]);
}

void DotWall::set_goal(std::span<const double> goal) { goal_ = dot_point(goal); }

bool DotWall::solved() const { return static_cast<float>(gap(dot_, goal_)) < kSuccess; }

double DotWall::distance_to_goal() const {
  Point p = dot_, q = goal_;
  if (p[0] > q[0]) std::swap(p, q);
  const float low = wall_x_ - half_width(), high = wall_x_ + half_width();
  if (q[0] <= low || p[0] >= high) return gap(p, q);
  // Through the gates at either face of the wall that lie between them: straight, or bent at corners of the opening.
  const float open = static_cast<float>(config_.door_space);
  std::vector<float> gates;
  if (p[0] < low) gates.push_back(low);
  if (q[0] > high) gates.push_back(high);
  const auto passes = [&](const Point& a, const Point& b) {
    return std::all_of(gates.begin(), gates.end(), [&](float x) {
      if (x <= a[0] || x >= b[0]) return true;
      const float y = a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0]);
      return std::abs(y - door_y_) <= open + 1e-4f;
    });
  };
  if (passes(p, q)) return gap(p, q);
  double best = std::numeric_limits<double>::infinity();
  for (size_t g = 0; g < gates.size(); ++g)
    for (const float y : {door_y_ - open, door_y_ + open}) {
      const Point corner{gates[g], y};
      if (passes(p, corner) && passes(corner, q)) best = std::min(best, gap(p, corner) + gap(corner, q));
      for (size_t h = g + 1; h < gates.size(); ++h)
        for (const float z : {door_y_ - open, door_y_ + open})
          best = std::min(best, gap(p, corner) + gap(corner, {gates[h], z}) + gap({gates[h], z}, q));
    }
  return std::isfinite(best) ? best : gap(p, q);
}

ActionSpec DotWall::action_spec() const {
  const double b = config_.action_bound;
  return {.size = 2, .block = 1, .low = {-b, -b}, .high = {b, b}};
}

std::vector<std::pair<std::string, std::vector<double>>> DotWall::columns() const {
  return {{"state", state()}, {"goal_state", goal()}, {"proprio", {dot_[0], dot_[1]}}};
}

Tensor DotWall::channels(const Point& dot) const {
  const Tensor grid = at::arange(kSize, at::kFloat);
  const Tensor dx = (grid - dot[0]).unsqueeze(0), dy = (grid - dot[1]).unsqueeze(1);
  const Tensor shine = at::exp(-(dx * dx + dy * dy) / (2 * config_.dot_std * config_.dot_std));
  Tensor wall = at::zeros({kSize, kSize}, at::kByte);
  const auto x = static_cast<int64_t>(wall_x_), y = static_cast<int64_t>(door_y_);
  Tensor stripe = wall.narrow(1, x - config_.wall_width / 2, 2 * (config_.wall_width / 2) + 1);
  stripe.fill_(255);
  const int64_t from = std::max<int64_t>(0, y - config_.door_space), to = std::min(kSize, y + config_.door_space + 1);
  stripe.narrow(0, from, to - from).fill_(0);
  for (const int64_t line : {kBorderIndex, kSize - 1 - kBorderIndex}) {
    wall.select(0, line).fill_(255);
    wall.select(1, line).fill_(255);
  }
  const Tensor light = config_.rgb ? shine / shine.max().clamp_min(1e-12) : shine;  // a dot far away: none
  return at::stack({(light * 255).to(at::kByte), wall});
}

Tensor DotWall::picture(const Point& dot, int64_t size) const {
  FORESEE_CHECK(size > 0, "expected a positive picture size, got {}", size);
  const Tensor both = channels(dot);
  Tensor image = at::zeros({3, kSize, kSize}, at::kByte);
  if (config_.rgb) {
    image[0].fill_(255);
    image.slice(0, 1, 3).copy_((255 - both[0].to(at::kInt)).to(at::kByte));
    image.masked_fill_(both[1] > 0, 0);
  } else {
    image.slice(0, 0, 2).copy_(both);
  }
  return size == kSize ? image : data::resize_pillow_bilinear(image, size, size);
}

Tensor normalise_dot_wall(const Tensor& channels) {
  Tensor x = channels.to(at::kFloat);
  x = x - x.amin({-2, -1}, /*keepdim=*/true);
  x = x / (x.amax({-2, -1}, /*keepdim=*/true) + 1e-6);
  const Tensor mean = at::tensor({0.0026f, 0.0989f}).reshape({2, 1, 1});
  const Tensor std = at::tensor({0.0369f, 0.2986f}).reshape({2, 1, 1});
  return (x - mean) / (std + 1e-6);
}

std::vector<double> DotWallExpert::act(const Env& env, RandomSequence& random) {
  const auto* room = dynamic_cast<const DotWall*>(&env);
  FORESEE_CHECK(room != nullptr, "expected a dot-and-wall environment for its expert");
  const Point here = room->dot();
  const auto goal = room->goal();
  Point to{static_cast<float>(goal[0]), static_cast<float>(goal[1])};
  const auto& config = room->config();
  const float clear = static_cast<float>(config.wall_width / 2) + 1.5f;
  if ((here[0] < room->wall_x()) != (to[0] < room->wall_x())) {
    // In front of the door first, then straight through it.
    const float side = here[0] < room->wall_x() ? -1.0f : 1.0f;
    const bool in_front = std::abs(here[1] - room->door_y()) < static_cast<float>(config.door_space) / 2;
    to = {room->wall_x() + (in_front ? -side : side) * clear, room->door_y()};
  }
  const double reach = config.action_bound * config.action_scale, distance = gap(here, to);
  std::vector<double> action(2);
  for (size_t i = 0; i < 2; ++i) {
    const double move = static_cast<double>(to[i] - here[i]) / config.action_scale;
    action[i] = distance > reach ? move * reach / distance : move;
    if (noise_ > 0) action[i] += noise_ * random.normal();
    action[i] = std::clamp(action[i], -config.action_bound, config.action_bound);
  }
  return action;
}

Environment eb_two_room_environment() {
  Environment row{.name = "eb_two_room",
                  .summary = "eb_jepa's two rooms",
                  .factors = std::make_shared<FactorsOf<DotWallConfig, DotWall>>()};
  row.collection.noise = 1.0;
  row.policies["expert"] = [](double noise) { return std::make_unique<DotWallExpert>(noise); };
  return row;
}

Environment wall_environment() {
  Environment row = eb_two_room_environment();
  row.name = "wall";
  row.summary = "DINO-WM's wall";
  row.factors = std::make_shared<FactorsOf<DotWallConfig, DotWall>>(dino_wm_wall());
  row.collection.noise = 0.5;
  return row;
}

}  // namespace foresee::planner
