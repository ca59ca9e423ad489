#include "foresee/evaluate/surprise/listed_pairs.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

#include "data/clip/video_names.h"
#include "data/picture/clip_input.h"
#include "data/picture/image.h"
#include "data/video/reader.h"
#include "foresee/encode/encode_plan.h"
#include "foresee/evaluate/feature_clips.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kFirstCoins = 1000;  // the numbers of violations lie below
constexpr size_t kFramesAtOnce = 32;

/// The words of a line, of which quotes may hold blanks.
std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> std::quoted(word);) words.push_back(word);
  return words;
}

/// Pictures of a folder: scene_2.png before scene_10.png.
std::vector<fs::path> pictures_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file() && data::is_picture_name(entry.path())) found.push_back(entry.path());
  if (found.empty()) fail<DataError>("{}: no picture in this folder", folder.string());
  std::sort(found.begin(), found.end(), [](const fs::path& a, const fs::path& b) {
    const std::string first = a.filename().string(), second = b.filename().string();
    return first.size() != second.size() ? first.size() < second.size() : first < second;
  });
  return found;
}

/// Frames as the model sees them, but for mean and deviation: uint8 [T, 3, S, S].
Tensor as_bytes(const Tensor& frames, PictureSpec spec) {
  spec.mean.assign(3, 0.0);
  spec.std.assign(3, 1.0);
  spec.scale = 1.0;
  return data::clip_input(frames, spec).transpose(0, 1).round().clamp(0, 255).to(at::kByte).contiguous();
}

struct ReadClip {
  Tensor pictures;     // uint8 [T, 3, S, S]
  int64_t length = 0;  // frames of the file
};

ReadClip read_folder(const fs::path& folder, const PictureSpec& spec) {
  const std::vector<fs::path> files = pictures_in(folder);
  std::vector<Tensor> parts;
  for (const fs::path& file : files) parts.push_back(as_bytes(data::read_image(file).unsqueeze(0), spec));
  return {at::cat(parts), std::ssize(files)};
}

ReadClip read_video(const fs::path& file, const PictureSpec& spec) {
  data::VideoReader reader(file, {.colours = colours_of(spec)});
  const data::VideoInfo& info = reader.info();
  const int64_t step = frames_apart(info.average_fps, spec.fps > 0 ? spec.fps : kUnlabelledFps);
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < info.frame_count; i += step) indices.push_back(i);
  std::vector<Tensor> parts;
  for (size_t first = 0; first < indices.size(); first += kFramesAtOnce) {
    const size_t count = std::min(kFramesAtOnce, indices.size() - first);
    parts.push_back(as_bytes(reader.frames(std::span(indices).subspan(first, count)), spec));
  }
  return {at::cat(parts), info.frame_count};
}

planner::ViolationPair read_pair(const ListedPair& listed, const PictureSpec& spec, int64_t window) {
  const auto read = [&](const fs::path& path) {
    ReadClip clip = fs::is_directory(path) ? read_folder(path, spec) : read_video(path, spec);
    if (clip.pictures.size(0) < window)
      fail<DataError>("{}: {} pictures at the model's rate; it looks at {} at once", path.string(),
                      clip.pictures.size(0), window);
    return clip;
  };
  const ReadClip possible = read(listed.possible), impossible = read(listed.impossible);
  if (possible.length != impossible.length || possible.pictures.size(0) != impossible.pictures.size(0))
    fail<DataError>("{} has {} frames and {} has {}: clips of a pair have one length and one rate",
                    listed.possible.string(), possible.length, listed.impossible.string(), impossible.length);
  return {.unchanged = possible.pictures, .changed = impossible.pictures};
}

}  // namespace

std::vector<ListedPair> read_pair_list(const fs::path& list) {
  if (const auto reason = why_not_a_file(list)) fail<DataError>("{}: {}", list.string(), *reason);
  std::istringstream lines(read_file(list));
  std::vector<ListedPair> pairs;
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::vector<std::string> words = words_of(line);
    if (words.empty() || words.front().starts_with('#')) continue;
    if (words.size() < 2 || words.size() > 3)
      fail<DataError>(
          "{}: line {}: expected POSSIBLE IMPOSSIBLE [KIND], got {} words; paths with blanks stand in quotes",
          list.string(), number, words.size());
    ListedPair pair{list.parent_path() / words[0], list.parent_path() / words[1], "pair", number};
    if (words.size() == 3) pair.kind = words[2];
    for (const fs::path& path : {pair.possible, pair.impossible})
      if (!fs::exists(path)) fail<DataError>("{}: line {}: {}: no such file", list.string(), number, path.string());
    pairs.push_back(std::move(pair));
  }
  if (pairs.empty()) fail<DataError>("{}: no pair: expected POSSIBLE IMPOSSIBLE [KIND] in each line", list.string());
  return pairs;
}

std::vector<PairSet> listed_pairs(const fs::path& list, const PictureSpec& pictures, const planner::Witness& witness) {
  std::vector<std::string> kinds;
  std::vector<std::vector<ListedPair>> of_kind;
  for (const ListedPair& pair : read_pair_list(list)) {
    const auto known = std::find(kinds.begin(), kinds.end(), pair.kind);
    const auto place = static_cast<size_t>(known - kinds.begin());
    if (known == kinds.end()) {
      kinds.push_back(pair.kind);
      of_kind.emplace_back();
    }
    of_kind[place].push_back(pair);
  }
  std::vector<PairSet> sets;
  for (size_t i = 0; i < kinds.size(); ++i)
    sets.push_back({.kind = kinds[i],
                    .count = std::ssize(of_kind[i]),
                    .pair =
                        [list, pictures, window = witness.window, pairs = of_kind[i]](int64_t index) {
                          const ListedPair& listed = pairs[static_cast<size_t>(index)];
                          try {
                            return read_pair(listed, pictures, window);
                          } catch (const Error& error) {
                            fail<DataError>("{}: line {}: {}", list.string(), listed.line, error.what());
                          }
                        },
                    .coins = kFirstCoins + i});
  return sets;
}

}  // namespace foresee
