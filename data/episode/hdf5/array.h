#pragma once

#include <filesystem>
#include <string>

#include "jepa/core/tensor.h"

namespace foresee::data {

/// A whole dataset of an HDF5 file by its path there ("observation/robot_state/gripper_position").
/// @returns undefined where there is none. @throws DataError on a damaged file; Error where HDF5 is not built in.
Tensor read_hdf5_array(const std::filesystem::path& path, const std::string& name);

}  // namespace foresee::data
