#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace foresee::data {

/// What a path holds, and what to do, where it is of a program whose recordings are not read here: Lance, Zarr, TFDS
/// (RLDS), ROS, or a part of a LeRobot set, or several. Nothing where it is none of these.
std::optional<std::string> foreign_format(const std::filesystem::path& path);

}  // namespace foresee::data
