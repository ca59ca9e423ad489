#pragma once

#include <filesystem>
#include <memory>

#include "data/episode/source.h"

namespace foresee::data {

// Note [Grouped episodes]
// More HDF5 layouts, with a group per episode instead of columns over all of them:
//   robomimic  data/demo_0, data/demo_1, ...: actions, rewards, dones, states, obs/NAME; next_obs is not read
//   ManiSkill  traj_0, traj_1, ... at the root, or groups of any name with a dataset "actions" or "action":
//              obs/agent/qpos ("proprio"), obs/sensor_data/CAMERA/rgb ("pixels_CAMERA")
//   ALOHA      the file is one episode: action, observations/qpos ("proprio"), observations/qvel,
//              observations/images/CAMERA ("pixels_CAMERA")
// A folder of ALOHA files is one set. Observations with one row more than the actions are kept whole; the last row then
// has no action (NaN).

/// Opens a file of these layouts. @pre the library is built with HDF5. @returns null where the file has none of them.
/// @throws DataError.
std::unique_ptr<EpisodeSource> open_grouped(const std::filesystem::path& path, const SourceOptions& options);

}  // namespace foresee::data
