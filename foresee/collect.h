#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "foresee/error.h"
#include "foresee/export.h"
#include "foresee/job.h"
#include "foresee/settings.h"

namespace foresee {

/// Which episodes to record, and where.
struct CollectRequest {
  /// Who acts.
  enum class Policy {
    kExpert,  // scripted; where an environment has none, a search on the environment itself
    kRandom,  // uniform inside the bounds of the actions
    kNoop,    // the action that does nothing
    kSearch,  // a search on the environment itself (cross-entropy method)
    kWeak,    // Push-T: random moves that stay near the block
  };

  std::filesystem::path out{};  // one HDF5 file; parts of it lie in the folder `out`.parts until it is complete
  int64_t episodes = 1000;      // >= 1

  // What is left out is as `options.settings` say (keys of `foresee config collect`), else as published for the
  // environment.
  std::optional<std::string> environment{};  // "two_room", "push_t", ...
  std::optional<Policy> policy{};            // who acts
  std::optional<double> noise{};             // standard deviation added to the expert's action, the environment's units
  std::optional<int64_t> max_steps{};        // an episode ends at its goal, or after so many steps
  std::optional<int64_t> size{};             // px, height and width of a picture
  std::vector<std::string> draw{};           // factors of variation that every episode draws for itself, by seed and
                                             // number: "two_room.door_position=30..190", "push_t.block.scale=20,30";
                                             // none: as the settings say. Values: columns "variation.KEY"

  bool blosc = false;    // compress pictures (Blosc, LZ4): smaller, but readers need the filter
  JobOptions options{};  // the device is not used
};

/// What was recorded, and by which settings.
struct CollectResult {
  std::string environment;                                          // that was played
  CollectRequest::Policy policy = CollectRequest::Policy::kExpert;  // that acted
  double noise = 0;      // added to the expert's action, the environment's units
  int64_t size = 0;      // px
  int64_t episodes = 0;  // that are there; stopped: in the finished parts
  int64_t rows = 0;      // of all episodes; stopped: 0
  int64_t reached = 0;   // episodes that reached their goal; stopped: 0
  int64_t bytes = 0;     // of the file; stopped: 0
  bool stopped = false;  // stopped before the end: the parts are kept, and the same request goes on from there
};

/// Records episodes of an environment. An episode depends on settings, seed and number alone: a collection that was cut
/// off and went on gives the bytes of one that was not. Progress is counted in episodes. Several threads may collect at
/// once, into different files.
/// @throws ConfigError for an unknown setting or factor, and for values that the environment does not allow;
/// RequestError for noise that the policy does not use; OutputExists; Error
/// for an unknown environment or policy, a simulator that is not built in, parts of another collection in the way, or a
/// full disk.
FORESEE_API CollectResult collect(const CollectRequest& request, const JobControl& control = {});

}  // namespace foresee
