#include "data/episode/check/units.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "jepa/core/error.h"

namespace foresee::data {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;
constexpr int64_t kPose = 7, kPosition = 3, kGripper = 6;  // numbers of an arm's pose: position, angles, gripper

/// double [rows, D] of all episodes, without rows that hold a NaN.
Tensor whole_rows(const EpisodeSource& source, const std::string& column) {
  const Tensor all = source.read_all(column).to(at::kDouble);
  const Tensor rows = all.reshape({all.size(0), -1});
  return rows.index({at::isfinite(rows).all(/*dim=*/1)});
}

struct Bounds {
  double low, high;
  double largest() const { return std::max(std::abs(low), std::abs(high)); }
  std::string text() const { return fmt::format("[{:.6g}, {:.6g}]", low, high); }
};

/// Of some numbers of every row.
Bounds bounds_of(const Tensor& rows, int64_t first, int64_t count) {
  const Tensor part = rows.narrow(1, first, count);
  return {part.min().item<double>(), part.max().item<double>()};
}

/// Whether [3] to [6] of every row are a turn in space, of length 1. Angles of 0 beside a gripper that stays at 1 look
/// like that too.
bool is_quaternion(const Tensor& rows) {
  const Tensor four = rows.narrow(1, kPosition, 4);
  if ((four.square().sum(1).sqrt() - 1).abs().max().item<double>() > 0.01) return false;
  return rows.size(1) > kPose || four.narrow(1, 0, 3).abs().max().item<double>() > 0;
}

class StateCheck {
 public:
  StateCheck(const EpisodeSource& source, std::string column, std::vector<Finding>& out)
      : source_(source), column_(std::move(column)), rows_(whole_rows(source, column_)), out_(out) {}

  void arm_pose() {
    if (rows_.size(0) == 0) return;
    const int64_t size = rows_.size(1);
    if (size >= kPose && is_quaternion(rows_))
      return add("quaternion", true,
                 fmt::format("'{}' has {} numbers, of which [3] to [6] are a quaternion: expected x, y, z, three Euler "
                             "angles in rad, gripper",
                             column_, size));
    if (size != kPose)
      return add("state_size", true,
                 fmt::format("'{}' has {} numbers: expected {}: x, y, z, three Euler angles in rad, gripper", column_,
                             size, kPose));
    const Bounds position = bounds_of(rows_, 0, kPosition), angles = bounds_of(rows_, kPosition, kPosition),
                 gripper = bounds_of(rows_, kGripper, 1);
    // A table arm reaches some 1 m, the largest industrial ones 5 m.
    if (position.largest() > 5)
      add("millimetres", position.largest() > 20,
          fmt::format("'{}' [0] to [2] lie in {}: expected metres; are these millimetres?", column_, position.text()));
    // Angles may be counted on over whole turns, but not often.
    if (angles.largest() > kTurn + 0.1)
      add("degrees", angles.largest() > 4 * kTurn,
          fmt::format("'{}' [3] to [5] lie in {}: expected radians; are these degrees?", column_, angles.text()));
    if (gripper.low < -0.05 || gripper.high > 1.05)
      add("gripper", gripper.largest() > 1.5,
          fmt::format("'{}' [6] lies in {}: expected a gripper's share from 0 to 1, what lies beyond is cut", column_,
                      gripper.text()));
    else if (gripper.high > gripper.low && gripper.high < 0.2)  // no hand opens wider than 0.2 m
      add("gripper", false,
          fmt::format("'{}' [6] lies in {}: expected a gripper's share from 0 to 1; is this its opening in metres?",
                      column_, gripper.text()));
  }

  /// Angles that go round, of which one step can be a whole turn.
  void added() {
    for (int64_t d = 0; d < rows_.size(1); ++d) {
      const double turn = turn_of(bounds_of(rows_, d, 1));
      if (turn == 0) continue;
      int64_t row = 0, jumps = 0;
      for (int64_t e = 0; e < source_.episodes(); ++e) {
        const Tensor all = source_.read(e, column_, 0, source_.length(e)).to(at::kDouble);
        const Tensor steps = all.reshape({all.size(0), -1}).select(1, d).diff().abs();
        const Tensor jump = (steps - turn).abs() < turn / 12;
        const int64_t here = jump.sum().item<int64_t>();
        if (here > 0 && jumps == 0) {
          episode_ = e;
          row = jump.to(at::kLong).argmax().item<int64_t>() + 1;
        }
        jumps += here;
      }
      if (jumps == 0) continue;
      add("angle_wraps", true,
          fmt::format("'{}' [{}] is an angle that jumps by a turn ({:.4g}) {} times, first in row {} of {}, where "
                      "actions are added to states: unwrap it, or give its sine and cosine",
                      column_, d, turn, jumps, row, source_.info().names[static_cast<size_t>(episode_)]));
      out_.back().row = row;
      out_.back().episode = source_.info().names[static_cast<size_t>(episode_)];
      out_.back().count = jumps;
    }
  }

  /// Actions that are the change of the state, but for a factor: millimetres, a share of the largest step, z-scores.
  void added_actions() {
    constexpr double kFollows = 0.9, kOther = 1.5, kCertain = 20;  // correlation; factors
    if (!source_.has("action") || rows_.size(0) < 3) return;
    std::vector<Tensor> changes, actions;
    for (int64_t e = 0; e < source_.episodes(); ++e) {
      const int64_t length = source_.length(e);
      const auto read = [&](const std::string& name) {
        return source_.read(e, name, 0, length).to(at::kDouble).reshape({length, -1});
      };
      changes.push_back(read(column_).diff(1, 0));
      actions.push_back(read("action").slice(0, 0, length - 1));
    }
    const Tensor change = at::cat(changes), action = at::cat(actions);
    if (change.size(1) != action.size(1)) return;
    for (int64_t d = 0; d < change.size(1); ++d) {
      const Tensor fine = change.select(1, d).isfinite().logical_and(action.select(1, d).isfinite());
      const Tensor moved = change.select(1, d).masked_select(fine), asked = action.select(1, d).masked_select(fine);
      if (moved.numel() < 3) continue;
      const Tensor a = moved - moved.mean(), b = asked - asked.mean();
      const double of_state = a.norm().item<double>(), of_action = b.norm().item<double>();
      if (of_state == 0 || of_action == 0 || a.dot(b).item<double>() < kFollows * of_state * of_action) continue;
      const double factor = of_action / of_state;
      if (factor < kOther && factor > 1 / kOther) continue;
      return add("action_units", factor > kCertain || factor < 1 / kCertain,
                 fmt::format("'action' [{}] is {:.4g} times what '{}' [{}] then moves by, where actions are added to "
                             "states: are they normalised, or in other units?",
                             d, factor, column_, d));
    }
  }

 private:
  /// The length of a turn where a number comes near both ends of one, else 0.
  static double turn_of(const Bounds& bounds) {
    for (const double turn : {kTurn, 360.0})
      for (const double begin : {-turn / 2, 0.0})
        if (std::abs(bounds.low - begin) < turn / 12 && std::abs(bounds.high - begin - turn) < turn / 12) return turn;
    return 0;
  }

  void add(const std::string& kind, bool certain, const std::string& text) {
    out_.push_back({.kind = kind,
                    .set = source_.path().string(),
                    .episode = {},
                    .column = column_,
                    .row = {},
                    .count = rows_.size(0),
                    .text = text,
                    .certain = certain});
  }

  const EpisodeSource& source_;
  std::string column_;
  Tensor rows_;
  std::vector<Finding>& out_;
  int64_t episode_ = 0;
};

std::vector<double> numbers_of(const Tensor& values) {
  const Tensor plain = values.contiguous();
  return {plain.const_data_ptr<double>(), plain.const_data_ptr<double>() + plain.numel()};
}

}  // namespace

void check_units(const EpisodeSource& source, const StateReading& reading, std::vector<Finding>& out) {
  if (reading.kind == StateReading::Kind::kUnknown || !source.has(reading.column)) return;
  StateCheck check(source, reading.column, out);
  if (reading.kind == StateReading::Kind::kArmPose)
    check.arm_pose();
  else
    check.added();
  if (reading.kind == StateReading::Kind::kAdd && reading.recorded_actions) check.added_actions();
}

void check_scales(std::span<const EpisodeSource* const> sources, std::vector<Finding>& out) {
  constexpr int64_t kFewRows = 50;
  constexpr double kNear = 0.02, kOtherScale = 5;
  std::vector<double> first;  // deviations of the first set
  std::string first_set;
  for (const EpisodeSource* source : sources) {
    if (!source->has("action")) continue;
    const Tensor rows = whole_rows(*source, "action");
    if (rows.size(0) < kFewRows) continue;
    const auto add = [&](const char* kind, const std::string& text) {
      out.push_back({.kind = kind,
                     .set = source->path().string(),
                     .episode = {},
                     .column = "action",
                     .row = {},
                     .count = rows.size(0),
                     .text = text});
    };
    const Tensor mean = rows.mean(0), deviation = rows.std(0, /*unbiased=*/false);
    if (rows.size(1) > 1 && mean.abs().max().item<double>() < kNear &&
        (deviation - 1).abs().max().item<double>() < kNear)
      add("normalised", fmt::format("'action' has mean 0 and standard deviation 1 in each of its {} numbers: it seems "
                                    "to be normalised already, and plans come in these units",
                                    rows.size(1)));
    const std::vector<double> here = numbers_of(deviation);
    if (first.empty()) {
      first = here;
      first_set = source->path().string();
    } else if (here.size() == first.size()) {
      double least = 1e300, most = 0;
      for (size_t d = 0; d < here.size(); ++d) {
        if (here[d] == 0 || first[d] == 0) continue;
        least = std::min(least, here[d] / first[d]);
        most = std::max(most, here[d] / first[d]);
      }
      if (most > 0 && (least > kOtherScale || most < 1 / kOtherScale))
        add("scales_differ",
            fmt::format("'action' has standard deviation ({:.4g}), in {} it is ({:.4g}): are the actions "
                        "of one of them normalised, or in other units?",
                        fmt::join(here, ", "), first_set, fmt::join(first, ", ")));
    }
  }
}

}  // namespace foresee::data
