#include "data/clip/video_set.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cmath>
#include <exception>
#include <fstream>
#include <set>
#include <thread>

#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"

namespace foresee::data {
namespace fs = std::filesystem;
namespace {

using Listed = std::pair<fs::path, std::string>;  // path, name

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension;
}

bool is_video_name(const fs::path& path) {
  static constexpr std::array kExtensions{".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v"};
  return std::find(kExtensions.begin(), kExtensions.end(), lower_extension(path)) != kExtensions.end();
}

void list_folder(const fs::path& folder, std::vector<Listed>& out) {
  std::vector<Listed> found;
  std::error_code code;
  for (fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, code), end; at != end;
       at.increment(code)) {
    std::error_code ignored;
    if (is_video_name(at->path()) && at->is_regular_file(ignored))
      found.emplace_back(at->path(), at->path().lexically_relative(folder).generic_string());
  }
  if (code) fail<DataError>("{}: {}", folder.string(), code.message());
  if (found.empty())
    fail<DataError>("{}: no video in this folder (looked for mp4 mov mkv avi webm m4v, also in folders below)",
                    folder.string());
  std::sort(found.begin(), found.end(), [](const Listed& a, const Listed& b) { return a.second < b.second; });
  out.insert(out.end(), found.begin(), found.end());
}

// The path of a line "path label", "path,label" or "path::label"; labels are whole numbers, a path may hold spaces.
std::string listed_path(std::string line) {
  if (const size_t colons = line.find("::"); colons != std::string::npos) return line.substr(0, colons);
  const size_t separator = line.find_last_of(" ,\t");
  if (separator != std::string::npos && separator > 0 && separator + 1 < line.size() &&
      line.find_first_not_of("-0123456789", separator + 1) == std::string::npos)
    line.resize(separator);
  if (line.size() >= 2 && line.front() == '"' && line.back() == '"') line = line.substr(1, line.size() - 2);
  return line;
}

void list_lines(const fs::path& file, std::vector<Listed>& out) {
  if (const auto reason = why_not_a_file(file)) fail<DataError>("{}: {}", file.string(), *reason);
  std::ifstream in(file);
  const size_t before = out.size();
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) line.pop_back();
    if (line.empty()) continue;
    const std::string name = listed_path(line);
    out.emplace_back(file.parent_path() / name, name);
  }
  if (out.size() == before) fail<DataError>("{}: this list names no video", file.string());
}

// FNV-1a, then a mixer: a few low bits of FNV alone are not even.
double hash_to_unit(const std::string& name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
  hash ^= hash >> 33;
  return static_cast<double>(hash >> 11) * 0x1p-53;
}

FrameRange whole(const VideoSet& set, size_t video) {
  return {static_cast<int64_t>(video), 0, set.files[video].info.frame_count};
}

VideoSplit hold_out_files(const VideoSet& set, double share) {
  std::vector<double> hashes;
  for (const VideoFile& file : set.files) hashes.push_back(hash_to_unit(file.name));
  // At least one file on each side, whatever the hashes say.
  std::vector<double> sorted = hashes;
  std::sort(sorted.begin(), sorted.end());
  const double threshold = std::clamp(share, std::nextafter(sorted.front(), 2.0), sorted.back());
  VideoSplit split;
  for (size_t i = 0; i < set.files.size(); ++i)
    (hashes[i] < threshold ? split.held_out : split.train).push_back(whole(set, i));
  split.rule = fmt::format("{} of {} videos held out, by hash of the name", split.held_out.size(), set.files.size());
  return split;
}

VideoSplit hold_out_time(const VideoSet& set, double share) {
  VideoSplit split;
  for (size_t i = 0; i < set.files.size(); ++i) {
    FrameRange range = whole(set, i);
    const auto kept_back = static_cast<int64_t>(std::lround(share * static_cast<double>(range.end)));
    const int64_t border = std::max<int64_t>(1, range.end - std::max<int64_t>(1, kept_back));
    if (border < range.end) split.held_out.push_back({range.video, border, range.end});
    range.end = border;
    split.train.push_back(range);
  }
  split.rule = fmt::format("the last {:.0f} % of each of {} videos held out", 100 * share, set.files.size());
  return split;
}

}  // namespace

int64_t VideoSet::frame_count() const {
  int64_t frames = 0;
  for (const VideoFile& file : files) frames += file.info.frame_count;
  return frames;
}

double VideoSet::duration_s() const {
  double seconds = 0;
  for (const VideoFile& file : files) seconds += file.info.duration_s();
  return seconds;
}

std::vector<Listed> list_videos(const std::vector<fs::path>& paths) {
  std::vector<Listed> all;
  for (const fs::path& path : paths) {
    std::error_code code;
    const fs::file_status status = fs::status(path, code);
    const std::string extension = lower_extension(path);
    if (!fs::exists(status)) fail<DataError>("{}: no such file or folder", path.string());
    if (fs::is_directory(status))
      list_folder(path, all);
    else if (extension == ".csv" || extension == ".txt")
      list_lines(path, all);
    else
      all.emplace_back(path, path.filename().string());
  }
  // Each file once, even when it was named twice: else a held-out file could come back as another training file.
  std::set<fs::path> seen;
  std::erase_if(all, [&](const Listed& one) {
    std::error_code code;
    const fs::path real = fs::weakly_canonical(one.first, code);
    return !seen.insert(code ? one.first : real).second;
  });
  return all;
}

VideoSet open_videos(const std::vector<fs::path>& paths, int64_t threads) {
  const std::vector<Listed> listed = list_videos(paths);
  struct Outcome {
    VideoInfo info;
    std::string reason;  // not empty: broken
    std::exception_ptr error;
  };
  std::vector<Outcome> outcomes(listed.size());
  const auto indexes = std::make_shared<VideoIndexCache>();
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i; (i = next++) < listed.size();) {
      const std::string prefix = listed[i].first.string() + ": ";
      try {
        outcomes[i].info = VideoReader(listed[i].first, {.indexes = indexes}).info();
      } catch (const DataError& error) {
        const std::string message = error.what();
        outcomes[i].reason = message.starts_with(prefix) ? message.substr(prefix.size()) : message;
      } catch (...) {
        outcomes[i].error = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int64_t i = 1; i < std::min<int64_t>(threads, static_cast<int64_t>(listed.size())); ++i)
      workers.emplace_back(work);
    work();
  }
  VideoSet set;
  set.indexes = indexes;
  for (size_t i = 0; i < listed.size(); ++i) {
    if (outcomes[i].error) std::rethrow_exception(outcomes[i].error);
    if (outcomes[i].reason.empty()) {
      set.files.push_back({listed[i].first, listed[i].second, outcomes[i].info});
    } else {
      set.broken.push_back({listed[i].first, outcomes[i].reason});
      log_warning("{}: left out: {}", listed[i].first.string(), outcomes[i].reason);
    }
  }
  if (set.files.empty()) {
    const BrokenVideo& first = set.broken.front();
    if (set.broken.size() == 1) fail<DataError>("{}: {}", first.path.string(), first.reason);
    fail<DataError>("none of {} videos can be read; the first, {}: {}", set.broken.size(), first.path.string(),
                    first.reason);
  }
  return set;
}

void describe(Fields& f, HoldOutConfig& c) {
  f("files", c.files, "share of the files that is held out, by hash of the name; from min_files files on", {0, 0.9});
  f("time", c.time, "share of every video, its end, that is held out; below min_files files", {0, 0.9});
  f("min_files", c.min_files, "files from which whole files are held out", {2, 1e9});
}

VideoSplit hold_out(const VideoSet& set, const HoldOutConfig& config) {
  FORESEE_CHECK(!set.files.empty(), "expected at least one video");
  return static_cast<int64_t>(set.files.size()) >= config.min_files ? hold_out_files(set, config.files)
                                                                    : hold_out_time(set, config.time);
}

}  // namespace foresee::data
