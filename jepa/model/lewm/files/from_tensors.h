#pragma once

#include <string>
#include <vector>

#include "jepa/core/api/read_options.h"
#include "jepa/core/tensor.h"
#include "jepa/io/names/weight_file.h"
#include "jepa/model/lewm/config.h"

namespace foresee {

// A LeWM without the config.json that says what it is: the weight file alone, a pickled module of its first releases,
// the first level of an H-JEPA (kevinghst/H-JEPA), which is a LeWM with other names around it, or torch-world's LeWM.

/// Where the tensors of a LeWM stand in a file.
struct LewmPlace {
  enum class Names {
    kOwn,
    kHierarchy,   // of H-JEPA: encoder.encoder, encoder.projector, predictor.predictor, ...
    kTorchWorld,  // Note [torch-world]
  };
  std::string before;  // of its names: "", "jepas.0."
  Names names = Names::kOwn;
};

/// Every LeWM of a file. @param names  without their wrappings.
std::vector<LewmPlace> lewm_places(const BareNames& names);

/// The tensors of the one LeWM in a file under LeWM's names, wherever they are below other modules. What a trainer
/// saved beside them (an optimizer, a loss) is not read. @param options  for torch-world's. @throws CheckpointError
/// where there is none, or several.
TensorMap lewm_tensors(const WeightFile& file, const ReadOptions& options);

/// Pixels, height and width of the pictures that tensors show, where no option says them.
/// @param tensors  under the names of transformers 4. @throws CheckpointError where a tensor is missing.
int64_t lewm_image_size(const TensorMap& tensors, const ReadOptions& options, const std::string& source);

/// The architecture that tensors show. @param tensors  under the names of transformers 4.
/// @throws UnknownSizeError for heads that an option has to give; CheckpointError where a tensor is missing.
LewmConfig lewm_config_from_tensors(const TensorMap& tensors, const ReadOptions& options, const std::string& source);

}  // namespace foresee
