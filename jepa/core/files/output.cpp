#include "jepa/core/files/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "build_info.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/staged.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/log.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

constexpr const char* kOld = "old";  // in the temporary folder: what the new result replaces

/// True when `inner` is `outer` or lies in it; both absolute and normalised.
bool holds(const fs::path& outer, const fs::path& inner) {
  const auto [end, ignored] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return end == outer.end();
}

/// Absolute, normalised, symbolic links followed as far as they exist, without a slash at the end.
fs::path resolved(const fs::path& path) {
  std::error_code code;
  fs::path out = fs::weakly_canonical(fs::absolute(path), code);
  if (code) fail("{}: {}", path.string(), system_reason(code));
  if (!out.has_filename() && out.has_relative_path()) out = out.parent_path();
  return out;
}

bool there(const fs::path& path) { return fs::symlink_status(path).type() != fs::file_type::not_found; }

bool is_empty_folder(const fs::path& path) {
  std::error_code code;
  return fs::is_directory(path, code) && fs::is_empty(path, code) && !code;
}

/// True for what is mounted there, a folder of a container for example: it cannot be moved aside.
bool is_mounted(const fs::path& path) {
  struct statx status {};
  return ::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, 0, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

struct Marker {
  std::string name;  // of its file
  std::string content;
  std::set<std::string> files;
};

/// The place of a folder's marker; kOutputMarker where it has none.
fs::path marker_place(const fs::path& folder) {
  return folder / (there(folder / kColumnsMarker) ? kColumnsMarker : kOutputMarker);
}

std::optional<Marker> read_marker(const fs::path& folder) {
  const fs::path path = marker_place(folder);
  if (!fs::is_regular_file(fs::symlink_status(path))) return std::nullopt;
  const auto object = read_json(path);
  if (!object.is_object() || object.value("program", nlohmann::json()) != "foresee" || !object.contains("content") ||
      !object["content"].is_string() || !object.contains("files") || !object["files"].is_array())
    fail("{}: not a marker of this program", path.string());
  Marker marker{path.filename().string(), object["content"], {}};
  for (const auto& file : object["files"])
    if (file.is_string()) marker.files.insert(file.get<std::string>());
  return marker;
}

void save_marker(const fs::path& folder, const Marker& marker) {
  write_json(folder / marker.name, {{"program", "foresee"},
                                    {"version", kVersion},
                                    {"content", marker.content},
                                    {"files", std::vector<std::string>(marker.files.begin(), marker.files.end())}});
}

/// The first thing in a folder that the marker does not list.
std::optional<std::string> unlisted(const fs::path& folder, const Marker& marker) {
  std::set<std::string> folders;
  for (const auto& file : marker.files)
    for (fs::path above = fs::path(file).parent_path(); !above.empty(); above = above.parent_path())
      folders.insert(above.string());
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder).string();
    const bool known = entry.is_directory() && !entry.is_symlink() ? folders.contains(name)
                                                                   : name == marker.name || marker.files.contains(name);
    if (!known) return name;
  }
  return std::nullopt;
}

/// What is refused although it may be replaced: all that is not a result of this program.
void check_replaceable_folder(const fs::path& path, const std::string& content) {
  const auto marker = read_marker(path);
  if (!marker)
    fail(
        "{}: not replaced: it has no {}, so this program did not write it, or an older version did; move it away or "
        "remove it yourself",
        path.string(), kOutputMarker);
  if (marker->content != content)
    fail("{}: not replaced: it holds another kind of result ({}, expected {}); choose another place", path.string(),
         marker->content, content);
  if (const auto name = unlisted(path, *marker))
    fail("{}: not replaced: it holds '{}', which this program did not write; move that away first", path.string(),
         *name);
}

void check_replaceable_file(const fs::path& path, FileFormat format) {
  const FileFormat present = file_format(path);
  if (present != format)
    fail("{}: not replaced: expected an earlier {} file, found {}; choose another place", path.string(),
         format_name(format), present == FileFormat::kUnknown ? "something else" : format_name(present));
}

}  // namespace

struct Output::Impl {
  Impl(const fs::path& given, const OutputRules& rules, std::optional<FileFormat> file_format,
       const std::string& folder_content, const std::string& marker_name)
      : format(file_format), content(folder_content), marker(marker_name), overwrite(rules.overwrite) {
    check_output_place(given, rules);
    path = resolved(given);
  }

  fs::path path;                     // resolved
  std::optional<FileFormat> format;  // of a file
  std::string content, marker;       // of a folder
  bool overwrite;
  std::vector<fs::path> made;  // folders above the path that were made for it, deepest first
  std::optional<FileLock> lock;
  fs::path temporary, staged;
  bool committed = false;

  /// Refuses what may not be replaced. @returns true where something is to be replaced.
  bool check_target() const {
    if (is_mounted(path))
      fail("{}: something is mounted there, so it cannot be replaced; choose {}", path.string(),
           format ? "another place" : "a folder inside it");
    if (!there(path) || (!format && is_empty_folder(path))) return false;
    const auto type = fs::symlink_status(path).type();
    if (format && type == fs::file_type::directory) fail("{}: is a folder, expected a file", path.string());
    if (!format && type != fs::file_type::directory) fail("{}: is a file, expected a folder", path.string());
    if (format && type != fs::file_type::regular) fail("{}: is no regular file; choose another place", path.string());
    if (!overwrite) fail<OutputExists>("{}: exists already; nothing was changed", path.string());
    if (format)
      check_replaceable_file(path, *format);
    else
      check_replaceable_folder(path, content);
    return true;
  }

  void make_parents() {
    for (fs::path above = path.parent_path(); !there(above); above = above.parent_path()) made.push_back(above);
    std::error_code code;
    fs::create_directories(path.parent_path(), code);
    if (code) fail("{}: cannot create: {}", path.parent_path().string(), system_reason(code));
  }

  /// What a process that was killed left, now that the lock says that none is at work.
  void clean_leftovers() const {
    const std::string prefix = hidden_beside(path, "tmp-").filename().string();
    std::vector<fs::path> left;
    for (const auto& entry : fs::directory_iterator(path.parent_path())) {
      const std::string name = entry.path().filename().string();
      // ".NAME.tmp-PID" or ".NAME.tmp-PID-N", nothing that a person may have named
      if (name.starts_with(prefix) && name.find_first_not_of("0123456789-", prefix.size()) == std::string::npos)
        left.push_back(entry.path());
    }
    for (const auto& folder : left) {
      if (there(folder / kOld) && !there(path)) {
        fs::rename(folder / kOld, path);
        log_info("{}: put back, after a process was killed that was about to replace it", path.string());
      }
      std::error_code ignored;
      fs::remove_all(folder, ignored);
      log_info("removed {}, left by a process that was killed", folder.string());
    }
  }

  /// Keeps a result that cannot be placed.
  [[noreturn]] void keep(const std::string& reason) {
    fs::path kept = path;
    kept += fmt::format(".new-{}", ::getpid());
    fail("{}; the new result was kept as {}", reason, rename_to_new(staged, kept) ? kept.string() : staged.string());
  }
};

Output::Output(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->check_target();
  impl_->make_parents();
  impl_->lock.emplace(hidden_beside(impl_->path, "lock"),
                      fmt::format("{}: another process is writing this", impl_->path.string()),
                      FileLock::After::kRemove);
  impl_->clean_leftovers();
  impl_->check_target();  // once more: it may have been put back, or come into being
  impl_->temporary = make_temporary_folder(impl_->path);
  impl_->staged = impl_->temporary / impl_->path.filename();
}

Output Output::file(const fs::path& path, FileFormat format, const OutputRules& rules) {
  return Output(std::make_unique<Impl>(path, rules, format, std::string(), std::string()));
}

Output Output::folder(const fs::path& path, const std::string& content, const OutputRules& rules,
                      const std::string& marker) {
  return Output(std::make_unique<Impl>(path, rules, std::nullopt, content, marker));
}

Output::Output(Output&&) noexcept = default;

Output::~Output() {
  if (!impl_) return;
  std::error_code ignored;
  if (!impl_->temporary.empty()) fs::remove_all(impl_->temporary, ignored);
  impl_->lock.reset();
  if (impl_->committed) return;
  for (const auto& folder : impl_->made) ::rmdir(folder.c_str());  // only while empty
}

const fs::path& Output::path() const { return impl_->path; }
const fs::path& Output::staged() const { return impl_->staged; }

void Output::commit() {
  Impl& it = *impl_;
  if (it.format) {
    sync_to_disk(it.staged);
  } else {
    write_output_marker(it.staged, it.content, it.marker);
    sync_folder(it.staged);
  }
  bool replaces = false;
  try {
    replaces = it.check_target();
  } catch (const Error& error) {
    it.keep(error.what());
  }
  const fs::path old = it.temporary / kOld;
  if (replaces) {
    fs::rename(it.path, old);
  } else if (!it.format) {
    ::rmdir(it.path.c_str());
  }
  if (!rename_to_new(it.staged, it.path)) {
    if (replaces && !rename_to_new(old, it.path)) {
      const fs::path kept = it.path.string() + fmt::format(".old-{}", ::getpid());
      fs::rename(old, kept);
      log_warning("{}: the earlier result was kept as {}", it.path.string(), kept.string());
    }
    it.keep(fmt::format("{}: something came into being there meanwhile", it.path.string()));
  }
  it.committed = true;
  sync_to_disk(it.path.parent_path());
  std::error_code code;
  fs::remove_all(it.temporary, code);
  if (code) log_warning("{}: cannot remove: {}", it.temporary.string(), system_reason(code));
  it.temporary.clear();
}

void check_output_place(const fs::path& path, const OutputRules& rules) {
  if (path.empty()) fail("expected the path of a result, got an empty one");
  std::error_code code;
  const fs::path lexical = fs::absolute(path).lexically_normal();
  const fs::path bare = lexical.has_filename() ? lexical : lexical.parent_path();
  if (fs::is_symlink(bare, code) && !fs::exists(bare, code))
    fail("{}: is a symbolic link to something that is not there; choose another place", path.string());
  const fs::path place = resolved(path);
  if (const fs::path here = fs::current_path(code); !code && holds(place, here))
    fail("{}: is or holds the folder that you are in; choose another place", path.string());
  const auto check_input = [&](const fs::path& input) {
    if (input.empty() || !fs::exists(input, code)) return;
    const fs::path read = resolved(input);
    if (holds(place, read) || (fs::exists(place, code) && fs::equivalent(place, read, code)))
      fail("{}: is or holds {}, which is read; choose another place", path.string(), input.string());
  };
  for (const auto& input : rules.inputs) check_input(input);
  for (const auto& input : rules.input_folders) {
    check_input(input);
    if (!input.empty() && fs::is_directory(input, code) && holds(resolved(input), place))
      fail("{}: lies in {}, which is read; choose a place outside it", path.string(), input.string());
  }
}

void write_output_marker(const fs::path& folder, const std::string& content, const std::string& name) {
  Marker marker{name, content, {}};
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (!entry.is_directory()) marker.files.insert(entry.path().lexically_relative(folder).string());
  marker.files.erase(name);
  save_marker(folder, marker);
}

void add_to_output_marker(const fs::path& folder, const fs::path& file) {
  auto marker = read_marker(folder);
  if (!marker || !marker->files.insert(file.string()).second) return;
  save_marker(folder, *marker);
}

std::string output_content(const fs::path& folder) {
  const auto marker = read_marker(folder);
  return marker ? marker->content : std::string();
}

}  // namespace foresee
