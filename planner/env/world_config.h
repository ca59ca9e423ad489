#pragma once

#include "planner/env/process_env.h"
#include "planner/env/push_t/push_t.h"
#include "planner/env/reacher/world.h"
#include "planner/env/two_room/dot_wall.h"
#include "planner/env/two_room/two_room.h"

namespace foresee::planner {

/// Factors of variation of every environment, under its name; only those of the one that is made count.
struct WorldConfig {
  TwoRoomConfig two_room;
  DotWallConfig eb_two_room, wall = dino_wm_wall();
  PushTConfig push_t;
  ReacherConfig reacher;
  ProcessConfig process;
};
void describe(Fields& fields, WorldConfig& config);

/// By name, with its factors of variation. @throws Error naming the known environments.
std::unique_ptr<Env> make_env(const std::string& name, const WorldConfig& world);

}  // namespace foresee::planner
