#include <ATen/ATen.h>

#include "jepa/core/error.h"
#include "planner/env/two_room/dot_wall.h"
#include "tools/verify/case.h"

namespace foresee::parity {
namespace {

using planner::DotWall;
using planner::DotWallConfig;

std::vector<double> numbers_of(const Tensor& tensor) {
  const Tensor flat = tensor.to(at::kDouble).contiguous().flatten();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

DotWallConfig rooms(const nlohmann::json& config) {
  DotWallConfig rooms;
  if (config.value("img_size", DotWall::kSize) != DotWall::kSize || config.value("border_wall_loc", 5) != 5)
    fail<DataError>("two_room_eb_jepa: only pictures of 65 pixels with border_wall_loc 5 are known");
  rooms.wall_width = config.value("wall_width", rooms.wall_width);
  rooms.door_space = config.value("door_space", rooms.door_space);
  rooms.dot_std = config.value("dot_std", rooms.dot_std);
  return rooms;
}

}  // namespace

void verify_two_room_eb_jepa(Case& c) {
  const DotWallConfig config = rooms(c.json().at("config"));
  std::vector<Tensor> frames;
  for (const auto& sequence : c.json().at("sequences")) {
    const auto name = sequence.at("name").get<std::string>();
    const Tensor actions = c.io(name + ".actions").to(at::kFloat), draws = c.io(name + ".normal_draws").to(at::kFloat);
    auto state = numbers_of(c.io(name + ".states")[0]);  // row 0 is where the trace starts
    const auto layout = numbers_of(c.io(name + ".wall_door"));
    state.insert(state.end(), layout.begin(), layout.end());
    DotWall room(config);
    room.set_state(state);
    std::vector<Tensor> states{at::tensor({room.dot()[0], room.dot()[1]})};
    std::vector<int64_t> counts;
    for (int64_t t = 0; t < actions.size(0); ++t) {
      int64_t drawn = 0;
      const auto pair = [&](const Tensor& row) { return DotWall::Point{row[0].item<float>(), row[1].item<float>()}; };
      const auto next = room.moved(room.dot(), pair(actions[t]), [&] { return pair(draws[t][drawn++]); });
      counts.push_back(drawn);
      room.set_state(std::vector<double>{next[0], next[1]});
      states.push_back(at::tensor({next[0], next[1]}));
    }
    c.expect_io(name + ".states", at::stack(states));
    c.expect_io(name + ".draw_count", at::tensor(counts).to(at::kInt));
    frames.push_back(room.channels());
  }
  c.expect_io("frames", at::stack(frames));
  c.expect_io("frames_normalised", planner::normalise_dot_wall(at::stack(frames)));
}

}  // namespace foresee::parity
