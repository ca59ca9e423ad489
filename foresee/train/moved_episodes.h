#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace foresee {

/// The data of a run as its config.json names them, where `asked` are the same sets in another place, in the same
/// order: equal names, and equal content of every file below them (size, begin, middle and end). A run then goes on
/// with them as if nothing had moved. Otherwise `asked`: for a new run, for other data, and for runs of versions that
/// did not remember.
std::vector<std::string> data_in_run(const std::filesystem::path& run, const std::vector<std::filesystem::path>& asked);

/// Writes what data_in_run() knows the sets by, once per run (RUN/data.json).
void remember_data(const std::filesystem::path& run, const std::vector<std::filesystem::path>& data);

/// What tells a set from others wherever it lies: its name, the content of every file below it (of large files parts)
/// and the time of the last change; where a file cannot be read, its place.
std::string identity_of_set(const std::filesystem::path& set);

}  // namespace foresee
