#pragma once

#include <memory>

#include "jepa/model/vjepa2/encoder.h"
#include "jepa/model/vjepa2/files/weights.h"
#include "jepa/model/vjepa2/predictor.h"
#include "jepa/model/vjepa2/probe.h"

namespace foresee {

/// Networks from what read_vjepa2 found; they take its tensors as they are, and parameters do not ask for gradients.
/// @throws CheckpointError that names the source where it holds no such network, or where tensors do not fit.
std::shared_ptr<VideoEncoder> make_encoder(const Vjepa2Weights& weights);
std::shared_ptr<MaskedPredictor> make_predictor(const Vjepa2Weights& weights);
std::shared_ptr<AttentiveProbe> make_probe(const ProbeWeights& weights, const std::string& source);

/// The architecture of a probe's tensors: outputs by their names, in upstream's order.
ProbeConfig probe_config(const ProbeWeights& weights);

}  // namespace foresee
