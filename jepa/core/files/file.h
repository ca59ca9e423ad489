#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace foresee {

/// Why a path cannot be read as a file, for a message: "no such file", "is a folder, expected a file", "is a pipe,
/// expected a file", "cannot be opened: Permission denied". Nothing where it can. A pipe or a device is never waited
/// for.
std::optional<std::string> why_not_a_file(const std::filesystem::path& path);

/// The whole file. @throws Error naming the path and the reason.
std::string read_file(const std::filesystem::path& path);

/// Writes beside `path`, flushes to the disk and renames (Note [Staged files]): readers see the old file or the new
/// one, never a part. @throws Error (a full disk, a missing folder); the partial file is removed.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// The same, where `write` produces the content at the temporary path it is given.
void write_file_with(const std::filesystem::path& path, const std::function<void(const std::filesystem::path&)>& write);

/// Throws Error "PATH: cannot WHAT: REASON", the reason from errno.
[[noreturn]] void fail_errno(const std::filesystem::path& path, const char* what);

/// Flushes a file or folder that was just written to the disk. @throws Error.
void sync_to_disk(const std::filesystem::path& path);

/// JSON of a file (jepa/core/files/json.h). @throws DataError naming the path, line and column.
nlohmann::json read_json(const std::filesystem::path& path);
void write_json(const std::filesystem::path& path, const nlohmann::ordered_json& value);

}  // namespace foresee
