#include "foresee/collect/parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/episode/hdf5/episode_file.h"
#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/staged.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/log.h"

namespace foresee {

namespace fs = std::filesystem;

CollectionParts::CollectionParts(const fs::path& out, const planner::CollectConfig& config)
    : folder_(out.string() + ".parts") {
  nlohmann::json wanted = config_json(config);
  wanted["seed"] = config.seed;
  if (config.draw.empty()) wanted.erase("draw");  // as earlier versions wrote it
  const fs::path file = folder_ / "collect.json";
  if (fs::exists(file)) {
    if (read_json(file) != wanted)
      fail("{} holds the parts of another collection (see {}); remove it or choose another place for the result",
           folder_.string(), file.string());
    return;
  }
  std::error_code error;
  if (fs::exists(folder_) && !fs::is_empty(folder_, error))
    fail("{} is in the way: it does not hold the parts of a collection; move it away", folder_.string());
  fs::create_directories(folder_, error);
  if (error) fail("{}: cannot make this folder: {}", folder_.string(), system_reason(error));
  write_json(file, wanted);
}

fs::path CollectionParts::part(int64_t first) const { return folder_ / fmt::format("part-{:08d}.h5", first); }

int64_t CollectionParts::finished(int64_t wanted) const {
  int64_t found = 0;
  while (found < wanted && fs::exists(part(found)) &&
         data::EpisodeFile(part(found)).episodes() >= std::min(kEpisodesAtOnce, wanted - found))
    found += kEpisodesAtOnce;
  return std::min(found, wanted);
}

void CollectionParts::remove() const {
  std::vector<fs::path> own{folder_ / "collect.json"};
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("part-") && name.ends_with(".h5")) own.push_back(entry.path());
    if (is_temporary_name(name)) own.push_back(entry.path());
  }
  std::error_code code;
  for (const auto& path : own) fs::remove(path, code);
  fs::remove(folder_, code);
  if (code) log_warning("{}: not removed: {}", folder_.string(), system_reason(code));
}

}  // namespace foresee
