#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "jepa/core/statistics/proportions.h"
#include "tools/report/reproduction.h"
#include "tools/report/table.h"

namespace foresee::report {

/// results.json of an evaluation folder (docs/reference/file-formats.md).
struct Results {
  std::filesystem::path folder;
  nlohmann::ordered_json whole;  // an object that holds "result"

  const nlohmann::ordered_json& result() const { return whole.at("result"); }
  /// "near", "features", ...; empty where it does not say.
  std::string protocol() const;
  /// True for an evaluation in an environment that is no sweep.
  bool closed_loop() const;
};

/// @throws Error where the folder has no such file, or another form.
Results read_results(const std::filesystem::path& folder);

/// The last part of a path, also where it ends with a slash.
std::string folder_name(const std::filesystem::path& folder);

/// {"command": "...", "model": {"path": "...", "crc32c": "..."}} as names and values: "model, path".
Facts facts_of(const nlohmann::ordered_json& object);

/// What was measured, by name, as shares with their interval: success of methods; of protocol features what the
/// attentive probe reads from the model, of surprise its accuracy. Empty for the other protocols.
/// @throws DataError where a rate is none.
std::vector<std::pair<std::string, SuccessRate>> rates_of(const Results& results);

/// The numbers of an evaluation: a row a method, factor, kind of violation or measure. @throws DataError.
Table results_table(const Results& results);

}  // namespace foresee::report
