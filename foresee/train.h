#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foresee/error.h"
#include "foresee/export.h"
#include "foresee/job.h"
#include "foresee/picture_rule.h"
#include "foresee/read_options.h"
#include "foresee/request_error.h"
#include "foresee/settings.h"

namespace foresee {

/// What is trained, on what, and where the run lies. Each family uses some of the members; one that it does not use has
/// to be left as it is.
struct TrainRequest {
  /// lewm        a LeWM world model, from episodes;
  /// lewm_heads  heads of a LeWM that stays as it is, from the episodes that it was trained on;
  /// vjepa2_ac   an action predictor on a frozen V-JEPA 2 encoder, from episodes;
  /// probe       an attentive probe on a frozen V-JEPA 2 encoder, from labelled clips.
  std::string family = "lewm";
  std::string preset{};                       // where the defaults come from; empty: the family's usual one
  std::vector<std::filesystem::path> data{};  // episode files; probe: one list, "PATH LABEL" in each line
  std::string camera{};                       // which camera of several: all families but probe
  std::optional<PictureRule> picture{};       // lewm: how pictures become the model's square; over settings' picture
  std::optional<double> tolerance_s{};        // how far a film's frame may lie from its row's time; 0: half a row
  bool strict = false;                        // a broken part of the episodes, or a finding, is an error
  std::vector<std::string> allow{};           // findings of check_episodes that are meant so and no error, by kind
  std::vector<std::string> hold_out{};        // factors whose values are kept from training and used to judge:
                                              // "two_room.door_position=90..120"; the model folder names them
  std::filesystem::path init{};               // lewm_heads: model folder or run whose LeWM gets the heads; lewm: that
                                              // training begins with. Its heads are fitted anew
  std::vector<std::filesystem::path> rehearse{};  // lewm with init: episode files of the scene that the model knew.
                                                  // They are given beside `data`, and training goes back to the last
                                                  // good weights where their held-out skill falls too far
  std::filesystem::path encoder{};                // vjepa2_ac, probe: folder or file of a V-JEPA 2 encoder
  ReadOptions weights{};                          // what the encoder's file does not say
  std::filesystem::path latents{};            // vjepa2_ac, probe: folder for what the encoder gives; empty: in the run
  std::optional<int64_t> steps{};             // optimizer steps in all, >= 1; over the settings' loop.steps
  std::optional<int64_t> checkpoint_every{};  // steps between checkpoints, >= 1; over loop.checkpoint_every
  JobOptions options{};                       // settings: keys of `foresee config train`, train-heads, train-ac, ...
  std::filesystem::path out{};                // run folder; a run that is there goes on from its latest checkpoint
};

/// What came of it.
struct TrainResult {
  std::filesystem::path run;     // the run folder
  std::filesystem::path model;   // its latest checkpoint: a model folder; empty: stopped before there was one
  int64_t steps = 0;             // done in all
  bool interrupted = false;      // stopped before the last step; the same request goes on
  double seconds = 0;            // wall-clock of the training loop in this call
  double frames_per_second = 0;  // rate of that loop
  std::vector<std::pair<std::string, double>> held_out{};  // the last evaluation: metrics by name; NaN: not defined
};

/// Trains, or resumes: the outcome is the same to the last bit however often a run was stopped. Prints nothing. Several
/// threads may train at the same time, in different run folders.
/// @param control  asked to stop, the run saves a checkpoint and ends.
/// @throws RequestError for a member that is missing, not used by the family, or that contradicts the settings;
/// ConfigError for a setting that is unknown, or when the run was started with another one; DataError,
/// CheckpointError for files that cannot be read; Error when a loss is not finite or the disk is full.
FORESEE_API TrainResult train(const TrainRequest& request, const JobControl& control = {});

}  // namespace foresee
