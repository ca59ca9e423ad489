#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <regex>

#include "data/picture/resize.h"
#include "jepa/core/error.h"
#include "planner/env/two_room/two_room.h"
#include "tools/verify/case.h"

namespace foresee::parity {
namespace {

using nlohmann::json;
using planner::TwoRoom;
using planner::TwoRoomConfig;

double number(const json& value) { return (value.is_array() ? value.at(0) : value).get<double>(); }

/// A stable-worldmodel variation, {"wall.axis": 0, "agent.radius": [9.0], ...}, over the defaults; or "default".
TwoRoomConfig variation(const json& factors) {
  TwoRoomConfig config;
  if (!factors.is_object()) return config;
  for (const auto& [key, value] : factors.items()) {
    if (key == "wall.axis")
      config.wall_axis = number(value) == 1 ? planner::WallAxis::kVertical : planner::WallAxis::kHorizontal;
    else if (key == "wall.thickness")
      config.wall_thickness = static_cast<int64_t>(number(value));
    else if (key == "wall.color")
      config.wall_color = value.get<std::vector<int64_t>>();
    else if (key == "wall.border_color")
      continue;  // upstream draws the border in the wall's colour
    else if (key == "door.number")
      config.doors = static_cast<int64_t>(number(value));
    else if (key == "door.position")
      config.door_position = value.get<std::vector<int64_t>>();
    else if (key == "door.size")
      config.door_size = value.get<std::vector<int64_t>>();
    else if (key == "door.color")
      config.door_color = value.get<std::vector<int64_t>>();
    else if (key == "agent.radius")
      config.agent_radius = number(value);
    else if (key == "agent.speed")
      config.agent_speed = number(value);
    else if (key == "agent.color")
      config.agent_color = value.get<std::vector<int64_t>>();
    else if (key == "agent.position" || key == "target.position")
      continue;  // given with each sequence
    else if (key == "target.radius")
      config.target_radius = number(value);
    else if (key == "target.color")
      config.target_color = value.get<std::vector<int64_t>>();
    else if (key == "background.color")
      config.background_color = value.get<std::vector<int64_t>>();
    else if (key == "rendering.render_target")
      config.render_target = number(value) != 0;
    else if (key == "task.min_steps")
      config.min_steps = static_cast<int64_t>(number(value));
    else
      fail<DataError>("unknown factor of variation '{}'", key);
  }
  return config;
}

std::vector<double> numbers(const Tensor& tensor) {
  const Tensor flat = tensor.to(at::kDouble).contiguous().flatten();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

Tensor picture(const TwoRoom& room, int64_t size) { return room.render(size).permute({1, 2, 0}).contiguous(); }

void replay(Case& c, const json& sequence, size_t index) {
  const std::string name = sequence.at("name").get<std::string>();
  TwoRoom room(variation(sequence.at("variation")));
  room.set_state(numbers(c.io(name + ".start")));
  room.set_goal(numbers(c.io(name + ".goal")));
  // Recorded actions are fed; where they are what is expected, the expert acts itself.
  const Tensor recorded = c.io(name + ".actions").to(at::kDouble).contiguous();
  const bool acts = c.json().at("values").at("io.safetensors:" + name + ".actions").value("role", "") == "expected";
  planner::TwoRoomExpert expert;
  RandomSequence random(Random(0, Stream::kTest));
  std::vector<Tensor> states{at::tensor(room.state())}, actions;
  std::vector<double> distances;
  std::vector<int64_t> terminated, first_terminated;
  for (int64_t t = 0; t < recorded.size(0); ++t) {
    const auto action = acts ? expert.act(room, random) : numbers(recorded[t]);
    actions.push_back(at::tensor(action));
    terminated.push_back(room.step(action));
    if (terminated.back() && first_terminated.empty()) first_terminated.push_back(t);
    states.push_back(at::tensor(room.state()));
    distances.push_back(room.target_distance());
  }
  c.expect_io(name + ".actions", at::stack(actions).to(at::kFloat));
  c.expect_io(name + ".states", at::stack(states).to(at::kFloat));
  c.expect_io(name + ".distance", at::tensor(distances, at::kDouble));
  c.expect_io(name + ".terminated", at::tensor(terminated).to(at::kByte));
  c.expect_json(fmt::format("sequences.{}.terminated_at", index), first_terminated);
}

/// "(140.5, 90)" behind `word` in a description.
std::optional<std::vector<double>> point_after(const std::string& text, const std::string& word) {
  std::smatch match;
  if (!std::regex_search(text, match, std::regex(word + R"( \(([-0-9.]+), *([-0-9.]+)\))"))) return std::nullopt;
  return std::vector<double>{std::stod(match[1]), std::stod(match[2])};
}

/// A single picture, described in words: "agent (60,60) in variation4", "agent (140.5, 90), target (150.25, 80.75)
/// drawn".
void draw_described(Case& c, const std::string& name, const std::string& meaning) {
  TwoRoomConfig config;
  std::smatch match;
  if (std::regex_search(meaning, match, std::regex("in (variation[0-9]+)")))
    for (const auto& sequence : c.json().at("sequences"))
      if (sequence.at("name").get<std::string>().rfind(match[1].str() + "_", 0) == 0)
        config = variation(sequence.at("variation"));
  const auto agent = point_after(meaning, "agent"), target = point_after(meaning, "target");
  if (!agent) fail<DataError>("{}: cannot read the agent's place from '{}'", name, meaning);
  if (target) config.render_target = true;
  TwoRoom room(config);
  room.set_state(*agent);
  if (target) room.set_goal(*target);
  c.expect_io(name, picture(room, TwoRoom::kSize));
}

}  // namespace

void verify_two_room(Case& c) {
  const auto& sequences = c.json().at("sequences");
  for (size_t i = 0; i < sequences.size(); ++i) replay(c, sequences[i], i);

  for (const auto& [key, entry] : c.json().at("values").items()) {
    static const std::regex kPicture("io\\.safetensors:(.*\\.pixels)");
    std::smatch match;
    if (std::regex_match(key, match, kPicture) && match[1] != "frames.pixels" && entry.value("role", "") == "expected")
      draw_described(c, match[1], entry.at("meaning").get<std::string>());
  }
  if (!c.has("io.safetensors:frames.agent")) return;
  const Tensor agents = c.io("frames.agent");
  std::vector<Tensor> full, small;
  for (int64_t i = 0; i < agents.size(0); ++i) {
    TwoRoom room;
    room.set_state(numbers(agents[i]));
    full.push_back(picture(room, TwoRoom::kSize));
    small.push_back(picture(room, 64));
  }
  c.expect_io("frames.pixels", at::stack(full));
  c.expect_io("frames.pixels_64", at::stack(small));
}

void verify_eval_starts_two_room(Case& c) {
  const Tensor starts = c.io("start"), goals = c.io("goal");
  const int64_t budget = c.json().at("config").at("budget").get<int64_t>(), n = starts.size(0);
  RandomSequence random(Random(0, Stream::kTest));
  planner::TwoRoomExpert expert;
  std::vector<int64_t> steps;
  std::vector<double> lengths;
  int64_t solved = 0;
  for (int64_t i = 0; i < n; ++i) {
    TwoRoom room;
    const auto start = numbers(starts[i]), goal = numbers(goals[i]);
    room.set_state(start);
    room.set_goal(goal);
    const auto door = static_cast<double>(room.config().door_position[0]);
    lengths.push_back(std::hypot(start[0] - TwoRoom::kWallCenter, start[1] - door) +
                      std::hypot(goal[0] - TwoRoom::kWallCenter, goal[1] - door));
    int64_t t = 0;
    bool reached = false;
    for (; t < budget && !reached; ++t) reached = room.step(expert.act(room, random));
    steps.push_back(t);
    solved += reached;
  }
  c.expect_io("expert_steps", at::tensor(steps).to(at::kInt));
  c.expect_io("path_length", at::tensor(lengths, at::kDouble));
  const auto total = std::accumulate(steps.begin(), steps.end(), int64_t{0});
  c.expect_json("reference.expert_success", 100.0 * static_cast<double>(solved) / static_cast<double>(n));
  c.expect_json("reference.expert_steps_max", *std::max_element(steps.begin(), steps.end()));
  c.expect_json("reference.expert_steps_mean", static_cast<double>(total) / static_cast<double>(n));
}

}  // namespace foresee::parity
