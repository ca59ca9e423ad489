#include "data/clip/known_files.h"

#include <algorithm>
#include <map>

#include "jepa/core/error.h"
#include "jepa/core/files/hash.h"

namespace foresee::data {
namespace fs = std::filesystem;
namespace {

std::string fingerprint(const fs::path& path, int64_t bytes) {
  const auto hash = hash_samples(path, bytes, kHashSeed ^ static_cast<uint64_t>(bytes));
  return hash ? fmt::format("{:016x}", *hash) : "";
}

// The folder that holds all paths.
fs::path common_folder(const std::vector<fs::path>& paths) {
  fs::path common = paths.front().parent_path();
  for (const fs::path& path : paths) {
    fs::path shared;
    for (auto a = common.begin(), b = path.begin(); a != common.end() && b != path.end() && *a == *b; ++a, ++b)
      shared /= *a;
    common = shared;
  }
  return common;
}

std::vector<std::string> names_below_common(std::vector<fs::path> paths) {
  for (fs::path& path : paths) path = fs::absolute(path).lexically_normal();
  const fs::path common = common_folder(paths);
  std::vector<std::string> names;
  for (const fs::path& path : paths) names.push_back(path.lexically_relative(common).generic_string());
  return names;
}

// For every known file the position of the present one with the same key; nothing where they do not pair off.
std::optional<std::vector<size_t>> pair_off(const std::vector<std::string>& known,
                                            const std::vector<std::string>& present) {
  if (known.size() != present.size()) return std::nullopt;
  std::map<std::string, std::vector<size_t>> places;  // equal keys in falling order
  for (size_t i = present.size(); i-- > 0;) places[present[i]].push_back(i);
  std::vector<size_t> order;
  for (const std::string& key : known) {
    const auto found = places.find(key);
    if (key.empty() || found == places.end() || found->second.empty()) return std::nullopt;
    order.push_back(found->second.back());
    found->second.pop_back();
  }
  return order;
}

}  // namespace

std::vector<KnownFile> known_files(const VideoSet& set) {
  std::vector<KnownFile> known;
  for (const VideoFile& file : set.files) {
    KnownFile one{.path = file.path.string(), .name = file.name, .bytes = {}, .content = {}};
    std::error_code code;
    const auto bytes = static_cast<int64_t>(fs::file_size(file.path, code));
    if (!code) {
      one.bytes = bytes;
      one.content = fingerprint(file.path, bytes);
    }
    known.push_back(std::move(one));
  }
  return known;
}

bool recognise(VideoSet& set, const std::vector<KnownFile>& known) {
  if (known.size() != set.files.size() || known.empty()) return false;
  std::vector<std::string> known_content, content;
  std::vector<fs::path> known_paths, paths;
  for (const KnownFile& file : known) {
    known_content.push_back(file.content);
    known_paths.emplace_back(file.path);
  }
  for (const KnownFile& file : known_files(set)) {
    content.push_back(file.content);
    paths.emplace_back(file.path);
  }
  auto order = pair_off(known_content, content);
  if (!order) order = pair_off(names_below_common(known_paths), names_below_common(paths));
  if (!order) return false;
  std::vector<VideoFile> files;
  for (size_t i = 0; i < known.size(); ++i) {
    files.push_back(set.files[(*order)[i]]);
    if (!known[i].name.empty()) files.back().name = known[i].name;
  }
  set.files = std::move(files);
  return true;
}

}  // namespace foresee::data
