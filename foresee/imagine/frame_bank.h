#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/episode/dataset.h"
#include "jepa/core/api/job.h"
#include "jepa/model/world_model.h"

namespace foresee {

// Note [Frame banks]
// What a model imagines is a latent, which nobody can see. One honest picture of it is a real one: of many recorded
// frames the one whose encoding lies nearest, shown with its distance. It is sharp whatever the latent is, so a large
// distance is the only sign that there is no such frame. Distances are root mean squares over all numbers of an
// encoding, and are read beside `step`. frames.safetensors in a model folder holds such frames (format in
// docs/reference/file-formats.md).

/// Real frames and what a model makes of them.
struct FrameBank {
  Tensor pictures;     // uint8 [N, 3, H, W], RGB, as the model takes them
  Tensor latents;      // float [N, F], CPU: their encodings, all numbers of one in a row
  Tensor states{};     // float [N, S] where the model encodes the robot's state too; else undefined
  double step = 0;     // median distance of real frames that lie one action block apart
  std::string origin;  // which frames, in words
};

/// The most frames that are looked at, and the most that a model folder keeps.
inline constexpr int64_t kMostFrames = 2048, kMostKeptFrames = 1024;

/// Encodes pictures, a few at a time. @param pictures  uint8 [N, 3, H, W], RGB, as the model takes them.
/// @param states  float [N, S] where StateSpec::of_goal; else undefined.
/// @returns float [N, ...] on the CPU, as WorldModel::encode_goal.
Tensor encode_pictures(const WorldModel& model, const Tensor& pictures, const Tensor& states = {});

/// Root mean square differences. @param a  float [N, ...]. @param b  float [M, ...], as many numbers a row.
/// @returns float [N, M].
Tensor latent_distances(const Tensor& a, const Tensor& b);

/// Frames of episodes, evenly spread, at most kMostFrames, fewer of a model whose encodings are large.
/// @throws DataError where no episode is two action blocks long, or lacks the state that the model takes; Interrupted.
FrameBank collect_frames(const WorldModel& model, const data::EpisodeDataset& dataset, const JobControl& control = {});

/// The `count` frames that lie farthest apart: from the first on, each time the one farthest from all that were taken
/// (Gonzalez 1985). All of them where there are no more.
FrameBank spread_frames(const FrameBank& bank, int64_t count);

/// Writes frames.safetensors. @throws Error.
void write_frame_bank(const std::filesystem::path& folder, const FrameBank& bank);
/// Reads it; nothing where the folder has none. @throws CheckpointError for a damaged one, and for one of another
/// model: its first picture is encoded again.
std::optional<FrameBank> read_frame_bank(const std::filesystem::path& folder, const WorldModel& model);

/// Frames of episodes, else those of the model's own folder. @param path  of the model.
/// @throws RequestError "data" where there are none; as collect_frames and read_frame_bank.
FrameBank frames_for(const WorldModel& model, const std::filesystem::path& path,
                     const std::vector<std::filesystem::path>& data, const JobControl& control = {});

}  // namespace foresee
