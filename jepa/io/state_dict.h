#pragma once

#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee {

/// Parameters and buffers of a module by dotted name, detached, sharing storage.
TensorMap state_dict(const torch::nn::Module& module);

/// For messages on names that a network has not: what they are where they are known, and what to do; else empty.
/// "; these are adapters that are not merged in: ...".
std::string what_they_are(const std::vector<std::string>& unexpected);

/// Copies `tensors` into the module's parameters and buffers, all or none; floating types are converted.
/// @param source  what messages call the origin, usually the path.
/// @throws CheckpointError that lists all missing, unexpected and misshapen names at once.
void load_state_dict(torch::nn::Module& module, const TensorMap& tensors, const std::string& source);

/// What load_state_dict checks, without loading. @throws CheckpointError.
void check_state_dict(const torch::nn::Module& module, const TensorMap& tensors, const std::string& source);

/// Loads as load_state_dict, but parameters and buffers take over the given tensors' memory where device, dtype and
/// layout allow it: for tensors that nobody else will write or keep, such as views of a mapped file (a write to one
/// copies its page). Handles to the parameters stay valid.
void adopt_state_dict(torch::nn::Module& module, const TensorMap& tensors, const std::string& source);

/// The entries whose name begins with `prefix`, without it; and the inverse.
TensorMap with_prefix_removed(const TensorMap& tensors, const std::string& prefix);
TensorMap with_prefix_added(const TensorMap& tensors, const std::string& prefix);

}  // namespace foresee
