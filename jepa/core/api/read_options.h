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

/// What a file may not say of itself, and what of it is wanted. Model folders need none of it.
struct ReadOptions {
  EncoderKey weights = EncoderKey::kDefault;
  bool trained_on = false;  // whether a probe or an action predictor stands on the encoder's features, or will
  // Meta's files name neither. Unset: heads of the published model with these widths and depths, 256 px (384 where the
  // file's name says so), 64 frames.
  std::optional<int64_t> heads{}, predictor_heads{}, action_heads{}, probe_heads{};
  std::optional<int64_t> image_size{}, frames{};
  int64_t classifier = 0;  // which of a probe file's classifiers (one for every learning rate that was tried)
};

/// A number that a file does not say and that cannot be guessed: a member of ReadOptions gives it.
class FORESEE_API UnknownSizeError : public CheckpointError {
 public:
  /// @param option  the member's name: "heads".
  UnknownSizeError(const std::string& text, std::string option) : CheckpointError(text), option_(std::move(option)) {}
  const std::string& option() const { return option_; }

 private:
  std::string option_;
};

}  // namespace foresee
