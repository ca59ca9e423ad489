#pragma once

#include <memory>
#include <span>
#include <vector>

#include "jepa/model/vjepa2/encoder.h"
#include "jepa/nn/fast/packed_block.h"

namespace foresee {

/// A trained encoder made ready to encode many clips: weights laid out once for matrix products, norms fused with the
/// sums in front of them, products in the precision that was asked for. It gives what VideoEncoder gives up to rounding
/// (tests/jepa/model/vjepa2/inference_encoder_test.cpp), without gradients.
class PackedEncoder {
 public:
  /// @param encoder  whose weights are taken; the embedding's and the norms' are shared. @param rows  tokens of a usual
  /// batch, a hint for the layout.
  PackedEncoder(std::shared_ptr<const VideoEncoder> encoder, Precision precision, int64_t rows = 2048);

  /// As VideoEncoder::forward. @returns float32 in either precision.
  Tensor forward(const Tensor& clips, const Tensor& ids = {}) const;
  /// As VideoEncoder::forward_levels.
  std::vector<Tensor> forward_levels(const Tensor& clips, std::span<const int64_t> layers,
                                     const Tensor& ids = {}) const;

  const VideoEncoderConfig& config() const { return encoder_->config; }
  Precision precision() const { return precision_; }

 private:
  // The final norm of the stream behind each of `layers`.
  std::vector<Tensor> run(const Tensor& clips, std::span<const int64_t> layers, const Tensor& ids) const;

  std::shared_ptr<const VideoEncoder> encoder_;
  Precision precision_;
  std::vector<PackedBlock> blocks_;
};

}  // namespace foresee
