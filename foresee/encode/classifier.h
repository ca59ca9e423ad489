#pragma once

#include <memory>
#include <string>
#include <vector>

#include "foresee/encode.h"
#include "jepa/core/tensor.h"
#include "jepa/model/vjepa2/files/weights.h"
#include "jepa/model/vjepa2/probe.h"

namespace foresee {

/// A probe and what its classes are called.
struct Classifier {
  std::shared_ptr<AttentiveProbe> probe;
  std::vector<std::string> labels;  // of the first output; may be empty
  /// Of the features that it was trained on, where its folder says: pictures and clips, and which of two encoders.
  std::optional<PictureSpec> pictures{};
  EncoderKey encoder = EncoderKey::kDefault;
};

/// The classifier of a request. @throws CheckpointError where there is none, DataError where the labels cannot be read.
Classifier read_classifier(const EncodeRequest& request);
/// @throws CheckpointError where it is for features of another width.
void check_classifier(const EncodeRequest& request, const Classifier& classifier, const Vjepa2Weights& model);

/// Class probabilities of every input: the mean over its clips, as V-JEPA 2 averages views.
class Votes {
 public:
  /// @param classifier  outlives this.
  Votes(const Classifier& classifier, size_t inputs) : classifier_(classifier), sums_(inputs), counts_(inputs) {}

  /// @param logits  [B, classes] of every output. @param row  of the batch: a clip of `input`.
  void add(size_t input, const std::vector<Tensor>& logits, int64_t row);
  /// The `count` likeliest classes by every output.
  std::vector<EncodeResult::Classes> top(size_t input, int64_t count) const;

 private:
  const Classifier& classifier_;
  std::vector<std::vector<Tensor>> sums_;  // [input][output]
  std::vector<int64_t> counts_;
};

}  // namespace foresee
