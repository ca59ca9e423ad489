#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "jepa/core/api/error.h"
#include "jepa/core/api/export.h"

namespace foresee {

/// Which of the two encoders of one of Meta's files: the trained one or its moving average.
enum class EncoderKey {
  kDefault,  // by the rule: target_encoder for what is trained on its features, else encoder (as Meta's hub does)
  kEncoder,
  kTargetEncoder,
};

/// What a file may not say of itself, and what of it is wanted. Model folders need none of it but allow_nan.
struct ReadOptions {
  EncoderKey weights = EncoderKey::kDefault;             // which of two encoders
  bool trained_on = false;                               // whether a probe or action predictor stands on its features
  std::optional<int64_t> heads{}, predictor_heads{};     // attention heads; unset: those of the published model
  std::optional<int64_t> action_heads{}, probe_heads{};  // with the same widths and depths
  std::optional<int64_t> image_size{};                   // px; unset: 256, or 384 where the file's name says so
  std::optional<int64_t> frames{};                       // of a clip; unset: 64
  int64_t classifier = 0;  // which of a probe file's classifiers (one for every learning rate that was tried)
  // Whether an action-conditioned model was trained with the camera's pose. Meta's files do not say; the published one
  // was not.
  bool use_extrinsics = false;
  bool allow_nan = false;  // weights that hold NaN or infinity are used, with a warning, and no error
};

/// A number that a file does not say and that cannot be guessed: a member of ReadOptions gives it.
class FORESEE_API UnknownSizeError : public CheckpointError {
 public:
  /// @param option  the member's name: "heads".
  UnknownSizeError(const std::string& text, std::string option) : CheckpointError(text), option_(std::move(option)) {}
  /// The member's name.
  const std::string& option() const { return option_; }

 private:
  std::string option_;
};

/// Weights that hold NaN or infinity; ReadOptions::allow_nan takes them.
class FORESEE_API NotFiniteError : public CheckpointError {
 public:
  using CheckpointError::CheckpointError;
};

}  // namespace foresee
