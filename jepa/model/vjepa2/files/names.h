#pragma once

#include <string>

#include "jepa/core/tensor.h"

namespace foresee {

/// The networks of the V-JEPA 2 family that transformers has too.
enum class Vjepa2Network { kEncoder, kPredictor, kProbe };

/// Tensors by network, under the official names (which are ours).
struct Vjepa2Tensors {
  TensorMap encoder, predictor, probe;

  TensorMap& of(Vjepa2Network network);
};

/// transformers' names to the official ones: queries, keys and values are joined (a copy), stacked mask tokens are
/// taken apart. The prefix "vjepa2." of classifiers goes.
/// @param mapped  the tensors are views of mapped files that nobody has written to: pages that were copied from are
/// given back.
/// @throws CheckpointError that lists all names that transformers' VJEPA2 has not, and all thirds of a joint tensor
/// that are absent.
Vjepa2Tensors official_from_huggingface(const TensorMap& tensors, const std::string& source, bool mapped = false);

/// The inverse: views where a joint tensor is taken apart. Encoder and predictor get the prefix "vjepa2." where there
/// is a probe, as in VJEPA2ForVideoClassification.
TensorMap huggingface_from_official(const Vjepa2Tensors& tensors);

}  // namespace foresee
