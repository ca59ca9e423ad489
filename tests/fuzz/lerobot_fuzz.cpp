// libFuzzer target of LeRobot's metadata: whatever meta/ says, the set is read or refused with an Error, in bounded
// time and memory. The input is meta/info.json, a zero byte, meta/episodes.jsonl, a zero byte, and a table of episodes;
// data and films are those of a recorded set.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "jepa/core/error.h"
#include "tests/fuzz/read_episodes.h"
#include "tests/support/temporary_folder.h"

namespace {

namespace fs = std::filesystem;

/// A folder with room for meta/, beside the data and films of a set.
void make_set(const fs::path& folder, const fs::path& from) {
  fs::create_directories(folder / "meta/episodes/chunk-000");
  for (const char* part : {"data", "videos"}) fs::create_directory_symlink(from / part, folder / part);
}

void write_plain(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace foresee;
  static const TemporaryFolder folder;
  if (!fs::exists(folder / "2")) {
    const fs::path sets = fs::path(FORESEE_ROOT) / "tests/fixtures/cases/data/lr-baseline";
    make_set(folder / "2", sets / "v21");
    make_set(folder / "3", sets / "v30");
  }
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto part = [&rest] {
    const size_t end = std::min(rest.find('\0'), rest.size());
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return text;
  };
  const std::string_view info = part(), episodes = part();
  const fs::path set = folder / (rest.empty() ? "2" : "3");
  write_plain(set / "meta/info.json", info);
  write_plain(set / "meta/episodes.jsonl", episodes);
  write_plain(set / "meta/episodes/chunk-000/file-000.parquet", rest);
  data::SourceOptions options;
  options.any_camera = options.quiet = true;
  try {
    read_episodes(*data::open_lerobot(set, options));
  } catch (const Error&) {
  }
  return 0;
}
