#include "foresee/train/moved_episodes.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/hash.h"
#include "jepa/core/files/json.h"
#include "jepa/core/log.h"
#include "jepa/core/text/printable.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

fs::path remembered_data(const fs::path& run) { return run / "data.json"; }

/// The name that identities of episodes begin with (data/episode/source.h: stable_ids).
std::string set_name(const fs::path& set) {
  fs::path whole = fs::absolute(set).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  return valid_utf8(whole.filename().string());
}

/// The files of a set, sorted. Nothing where one cannot be reached, or there are very many.
std::optional<std::vector<fs::path>> files_of_set(const fs::path& set) try {
  constexpr size_t kMost = 1'000'000;
  if (!fs::is_directory(set)) return std::vector<fs::path>{set};
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(set, fs::directory_options::follow_directory_symlink)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
    if (files.size() > kMost) return std::nullopt;
  }
  std::sort(files.begin(), files.end());
  return files;
} catch (const fs::filesystem_error&) {
  return std::nullopt;
}

/// Of names and contents of all files of a set. Empty where one cannot be read.
std::string fingerprint_of_set(const fs::path& set) try {
  const auto files = files_of_set(set);
  if (!files) return "";
  uint64_t hash = kHashSeed;
  for (const fs::path& file : *files) {
    const auto bytes = static_cast<int64_t>(fs::file_size(file));
    const std::string name = file == set ? "" : file.lexically_relative(set).generic_string();
    const auto next = hash_samples(file, bytes, hash_bytes(fmt::format("{} {}", name, bytes), hash));
    if (!next) return "";
    hash = *next;
  }
  return fmt::format("{:016x}", hash);
} catch (const fs::filesystem_error&) {
  return "";
}

}  // namespace

std::vector<std::string> data_in_run(const fs::path& run, const std::vector<fs::path>& asked) {
  std::vector<std::string> paths(asked.begin(), asked.end());
  if (!fs::exists(run / "config.json") || !fs::exists(remembered_data(run))) return paths;
  const Json config = read_json(run / "config.json"), known = read_json(remembered_data(run));
  const auto of_run = JsonView(config, (run / "config.json").string()).texts("data");
  const std::string where = remembered_data(run).string();
  const Json& sets = JsonView(known, where).list("data");
  if (of_run == paths || of_run.size() != paths.size() || sets.size() != paths.size()) return paths;
  for (size_t i = 0; i < paths.size(); ++i) {
    const JsonView set(sets[i], where);
    const std::string print = set.text("content");
    if (print.empty() || set.text("name") != set_name(asked[i]) || fingerprint_of_set(asked[i]) != print) return paths;
  }
  log_info("the data are those that this run began with, now at {}", printable(paths.front()));
  return of_run;
}

void remember_data(const fs::path& run, const std::vector<fs::path>& data) {
  if (fs::exists(remembered_data(run))) return;
  Json rows = Json::array();
  for (const fs::path& set : data)
    rows.push_back({{"path", valid_utf8(set.string())}, {"name", set_name(set)}, {"content", fingerprint_of_set(set)}});
  write_json(remembered_data(run), Json{{"data", rows}});
}

std::string identity_of_set(const fs::path& set) {
  const std::string print = fingerprint_of_set(set);
  if (print.empty()) return set_name(set) + " " + fs::absolute(set).string();
  auto newest = fs::file_time_type::min();
  for (const fs::path& file : files_of_set(set).value_or(std::vector<fs::path>{}))
    newest = std::max(newest, fs::last_write_time(file));
  return fmt::format("{} {} {}", set_name(set), print, newest.time_since_epoch().count());
}

}  // namespace foresee
