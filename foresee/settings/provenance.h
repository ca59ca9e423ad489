#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace foresee {

/// The command line of this process, quoted for a POSIX shell; "unknown" where the system does not say.
std::string command_line();
/// One word, quoted for a POSIX shell where it needs to be.
std::string shell_quoted(const std::string& word);
/// "foresee 0.2.0 (GNU 12.2.0, Release), LibTorch 2.11.0".
std::string version_text();
/// "2026-01-31 17:05 UTC".
std::string date_text();

/// Where a result came from, as it is written beside it: {"command", "version", "date", "machine", "threads", "model":
/// {"path", "crc32c"}}. @param model  folder, run or file; empty: the result needed none.
nlohmann::ordered_json provenance(const std::filesystem::path& model);

/// Adds who goes on with a run to its made_by.json: a list of {"from_step", "command", "version", "date", "machine",
/// "threads"}. @param from_step  of the first step to come.
void remember_call(const std::filesystem::path& run, int64_t from_step);

}  // namespace foresee
