#include "foresee/pretrain/moved_videos.h"

#include <nlohmann/json.hpp>

#include "data/clip/known_files.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/core/text/printable.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

fs::path remembered_in(const fs::path& run) { return run / "videos.json"; }

std::vector<data::KnownFile> known_to(const fs::path& run, const std::vector<std::string>& paths) {
  std::vector<data::KnownFile> known;
  const fs::path file = remembered_in(run);
  if (fs::exists(file)) {
    const nlohmann::json remembered = read_json(file);
    for (const auto& row : remembered.at("videos"))
      known.push_back({.path = row.at("path"), .name = row.at("name"), .bytes = {}, .content = row.at("content")});
    return known;
  }
  for (const std::string& path : paths) known.push_back({.path = path, .name = {}, .bytes = {}, .content = {}});
  return known;
}

}  // namespace

std::vector<std::string> paths_in_run(const fs::path& run, data::VideoSet& videos) {
  std::vector<std::string> paths;
  for (const auto& file : videos.files) paths.push_back(valid_utf8(file.path.string()));
  const fs::path config = run / "config.json";
  if (!fs::exists(config)) return paths;
  const nlohmann::json recorded = read_json(config).value("videos", nlohmann::json::array());
  const auto of_run = recorded.is_array() ? recorded.get<std::vector<std::string>>() : std::vector<std::string>{};
  if (of_run.empty() || of_run == paths || !data::recognise(videos, known_to(run, of_run))) return paths;
  log_info("the {} videos are those that this run began with, now at {}", paths.size(),
           videos.files.front().path.parent_path().string());
  return of_run;
}

void remember_videos(const fs::path& run, const data::VideoSet& videos) {
  const fs::path file = remembered_in(run);
  if (fs::exists(file)) return;
  auto rows = nlohmann::ordered_json::array();
  for (const data::KnownFile& known : data::known_files(videos))
    rows.push_back({{"path", known.path}, {"name", known.name}, {"content", known.content}});
  write_json(file, nlohmann::ordered_json{{"videos", rows}});
}

}  // namespace foresee
