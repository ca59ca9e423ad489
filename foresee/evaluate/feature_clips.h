#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "jepa/core/api/job.h"
#include "jepa/core/tensor.h"
#include "jepa/model/vjepa2/files/weights.h"

namespace foresee {

/// What is asked of a clip.
struct FeatureQuestion {
  std::string factor;  // "direction", ...; of a list "label"
  int64_t classes = 0;
  double chance = 0;  // share of right answers of whoever names one class always
};

/// Labelled clips for the features protocol: first those to fit probes on, then those to test them on.
struct FeatureClips {
  std::string origin;  // one sentence
  std::vector<FeatureQuestion> questions{};
  Tensor classes{};  // int64 [n, F], n = train + test
  int64_t train = 0, test = 0;
  /// Calls `take` with the clips in order, in batches: float [B, 3, T, S, S], normalised, and the place of the first.
  /// @returns false where it was stopped. @throws DataError where a clip cannot be read.
  std::function<bool(const std::function<void(const Tensor& clips, int64_t first)>& take, const JobControl& control)>
      for_each{};
};

/// Scenes of the generator at the model's length and size (Note [Scenes]), the same for every model: each clip is a
/// scene of its own. @param batch  clips at a time.
FeatureClips scene_clips(const Vjepa2Weights& weights, int64_t train, int64_t test, int64_t batch, uint64_t seed);

/// The clips of a list ('PATH LABEL' in each line), each seen whole: the model's number of frames, evenly over the
/// file. A third of the files, by the hash of their names, tests.
/// @throws DataError for a list without a usable clip, with one class, or where nothing is left to fit or to test;
/// Interrupted when stopped while the files are opened.
FeatureClips listed_clips(const Vjepa2Weights& weights, const std::filesystem::path& list, int64_t batch,
                          const JobControl& control = {});

/// Frames of a video from one picture to the next, at about `fps` pictures per second. @returns 1 or more.
inline constexpr double kUnlabelledFps = 12;  // where nothing says another rate
int64_t frames_apart(double video_fps, double fps = kUnlabelledFps);

/// Clips of the videos in a folder, of which nothing is known but what is done to them: "video" (which one a clip comes
/// from), "backwards" (played backwards or not) and "order" (its halves swapped or not). Clips do not overlap, are 12
/// frames per second at most, and as many of each video; the first two thirds of each are fitted, the rest tests.
/// @throws DataError for a folder with fewer than two videos that are long enough.
FeatureClips unlabelled_clips(const Vjepa2Weights& weights, const std::filesystem::path& folder, int64_t batch,
                              uint64_t seed);

}  // namespace foresee
