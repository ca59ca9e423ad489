#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "foresee/imagine/frame_bank.h"
#include "foresee/plan.h"

namespace foresee {

/// An end of a plan.
struct PlanPicture {
  Tensor picture;               // uint8 [3, H, W], RGB, as the model takes it
  std::vector<double> state{};  // of the robot, where the model encodes it
};

/// Writes what a model imagines along a plan as a film strip or a video: the present, every block, the goal.
/// @param path  ends in .png or .mp4. @param imagined  float [H, ...], as WorldModel::rollout.
/// @param block  environment steps of a block. @returns what was written, without the file.
PlanImagination write_plan_film(const std::filesystem::path& path, const WorldModel& model, const FrameBank& bank,
                                const PlanPicture& present, const PlanPicture& goal, const Tensor& imagined,
                                int64_t block);

}  // namespace foresee
