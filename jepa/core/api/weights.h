#pragma once

#include <cstdint>
#include <optional>

namespace foresee {

/// Which of the two encoders of one of Meta's files: the trained one or its moving average.
enum class EncoderKey {
  kDefault,  // encoder for pretraining files (as Meta's hub does), target_encoder for action-conditioned ones
  kEncoder,
  kTargetEncoder,
};

/// What a weight file may not say of itself, and which of its contents is wanted. Model folders say all of it.
/// Meta's .pt files name no heads, sizes and lengths. Unset: heads of the published model with these widths and depths,
/// 256 px (384 where the file's name says so), 64 frames.
struct WeightsOptions {
  EncoderKey weights = EncoderKey::kDefault;
  std::optional<int64_t> heads{}, predictor_heads{}, action_heads{}, probe_heads{};  // of attention
  std::optional<int64_t> image_size{}, frames{};                                     // pixels; of a clip
  int64_t classifier = 0;  // which of a probe file's classifiers (one for every learning rate that was tried)
};

}  // namespace foresee
