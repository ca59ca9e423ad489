#include "foresee/train/probe/clip_identity.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <string>

#include "data/episode/split.h"
#include "jepa/core/error.h"
#include "jepa/core/files/hash.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kWhole = uint64_t{4} << 20, kPart = uint64_t{1} << 20;  // bytes

uint64_t content_hash(const fs::path& path, uint64_t size) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes;
  uint64_t hash = kHashSeed;
  const auto add = [&](uint64_t from, uint64_t count) {
    bytes.resize(count);
    file.seekg(static_cast<std::streamoff>(from));
    file.read(bytes.data(), static_cast<std::streamsize>(count));
    if (!file) fail<DataError>("{}: cannot be read", path.string());
    hash = hash_words(bytes.data(), bytes.size(), hash);
  };
  if (size <= kWhole) {
    if (size > 0) add(0, size);
    return hash;
  }
  for (const uint64_t from : {uint64_t{0}, (size - kPart) / 2, size - kPart}) add(from, kPart);
  return hash;
}

}  // namespace

ClipIdentity clip_identity(const fs::path& path) {
  std::error_code code;
  ClipIdentity out{.path = path, .size = fs::file_size(path, code)};
  if (code) fail<DataError>("{}: cannot be read: {}", path.string(), code.message());
  out.time = fs::last_write_time(path).time_since_epoch().count();
  out.content = content_hash(path, out.size);
  return out;
}

std::vector<bool> clips_apart(const std::vector<ClipIdentity>& clips, const fs::path& folder,
                              const std::function<bool(uint64_t)>& chosen) {
  constexpr size_t kEnough = 5;
  const auto whole = [](const fs::path& path) { return fs::absolute(path.empty() ? "." : path).lexically_normal(); };
  std::map<std::pair<uint64_t, uint64_t>, uint64_t> keys;  // of each content: what decides
  for (const ClipIdentity& clip : clips) {
    const std::string place = whole(clip.path).lexically_relative(whole(folder)).generic_string();
    const uint64_t key = hash_words(&clip.content, sizeof clip.content, hash_bytes(place));
    const auto [known, fresh] = keys.try_emplace({clip.size, clip.content}, key);
    if (!fresh) known->second = std::min(known->second, key);  // whatever the order of the list
  }
  std::vector<uint64_t> held, kept;
  for (const auto& [content, key] : keys) (chosen(key) ? held : kept).push_back(key);
  const auto move_least = [](std::vector<uint64_t>& from, std::vector<uint64_t>& to) {
    const auto least = std::min_element(from.begin(), from.end());
    to.push_back(*least);
    from.erase(least);
  };
  if (keys.size() >= kEnough && held.empty()) move_least(kept, held);
  if (keys.size() >= kEnough && kept.empty()) move_least(held, kept);
  std::vector<bool> out;
  for (const ClipIdentity& clip : clips)
    out.push_back(std::find(held.begin(), held.end(), keys.at({clip.size, clip.content})) != held.end());
  return out;
}

std::vector<bool> held_out_clips(const std::vector<ClipIdentity>& clips, const fs::path& folder) {
  return clips_apart(clips, folder, data::held_out);
}

}  // namespace foresee
