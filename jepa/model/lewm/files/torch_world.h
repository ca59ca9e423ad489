#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "jepa/core/api/read_options.h"
#include "jepa/core/tensor.h"

namespace foresee {

// Note [torch-world]
// torch_world.models.LeWM with torch_world.nn.CLSEncoder (package torch-world 0.2.0) is a LeWM but for its predictor's
// blocks (LewmBlocks::kDit), the eps of its norms, and positions that are sines and cosines and in no file. So its
// tensors are renamed, its joint queries, keys and values of the ViT taken apart, and the positions filled in. The
// package defines no file: state_dict() is read from any file of weights. A config.json beside it may hold what the
// constructors were given, {"num_heads": .., "head_dim": .., "encoder": {"img_size": .., "num_heads": ..}}.

/// A name that only torch-world's LeWM has, behind what stands before all of them.
inline constexpr const char* kTorchWorldToken = "encoder.vit.cls_token";
inline constexpr const char* kTorchWorldBlock = "predictor.blocks.0.modulation.1.weight";

/// Fills in what `config` says and no option does. @throws CheckpointError for a network that cannot be read (rope).
ReadOptions with_torch_world_sizes(const ReadOptions& options, const nlohmann::json& config, const std::string& where);

/// Tensors of torch-world's LeWM under LeWM's names (those of transformers 4).
/// @throws UnknownSizeError for the size of the pictures; CheckpointError where a tensor is missing.
TensorMap from_torch_world(const TensorMap& tensors, const ReadOptions& options, const std::string& where);

}  // namespace foresee
