#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jepa/model/vjepa2/files/weights.h"
#include "jepa/train/probe/task.h"
#include "tools/cli/command.h"

namespace foresee::tools {

/// Clips with classes, as a list names them.
struct LabelledClips {
  std::vector<std::filesystem::path> paths;
  std::vector<int64_t> classes;     // of each path
  std::vector<std::string> labels;  // name of every class
};

/// Reads "PATH LABEL" a line (V-JEPA 2's lists; also with a comma): the label is what stands behind the last space or
/// comma. Whole numbers are class numbers; any other labels are names, numbered in alphabetic order. Relative paths
/// count from the list. @throws DataError naming the line.
LabelledClips read_labelled_clips(const std::filesystem::path& list);

/// What `foresee train --probe` is asked for.
struct ProbeTrainOptions {
  std::vector<std::string> data;  // lists
  std::filesystem::path encoder;  // folder or file that read_vjepa2 takes
  Vjepa2ReadOptions read;
  std::filesystem::path latents;  // folder of encoded clips; empty: RUN/latents
  std::optional<int64_t> steps, checkpoint_every;
};

/// Configuration of a probe's training.
struct ProbeRecipe {
  ProbeConfig probe;  // width and classes come from encoder and list
  ProbeTrainConfig train;
  LoopConfig loop{
      .steps = 1000, .checkpoint_every = 200, .keep_checkpoints = 2, .evaluate_every = 100, .log_every = 10};
  int64_t frames = 16;     // of a clip
  int64_t frame_step = 4;  // frames of the video from one of a clip to the next
};
void describe(Fields& fields, ProbeRecipe& recipe);

/// Encodes every clip once, then trains, or resumes. @returns the exit code.
int train_probe(const ProbeTrainOptions& options, const CommonOptions& common);

}  // namespace foresee::tools
