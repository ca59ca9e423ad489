#include "data/clip/video_set.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <exception>
#include <fstream>
#include <limits>
#include <map>
#include <mutex>
#include <string_view>
#include <thread>

#include "data/clip/clip_list.h"
#include "data/clip/video_names.h"
#include "data/video/sniff.h"
#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/hash.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/log.h"
#include "jepa/core/log_debug.h"
#include "jepa/core/text/printable.h"
#include "jepa/core/watch/progress.h"

namespace foresee::data {
namespace fs = std::filesystem;
namespace {

using Listed = std::pair<fs::path, std::string>;  // path, name

// The files that macOS writes beside others on foreign disks.
bool is_mac_side_file(const fs::path& path) {
  if (!path.filename().string().starts_with("._")) return false;
  std::ifstream in(path, std::ios::binary);
  std::array<char, 4> magic{};
  in.read(magic.data(), magic.size());
  return in && std::string_view(magic.data(), 4) == std::string_view("\0\5\26\7", 4);
}

}  // namespace

VideoListing list_media_folder(const fs::path& folder, bool pictures_too) {
  const FolderFiles found = list_folder(folder);
  VideoListing out;
  LeftOutCount& left_out = out.left_out;
  for (const auto& [path, name] : found.files) {
    if (is_mac_side_file(path))
      left_out.add("that macOS keeps beside others", path);
    else if (is_video_name(path) || (pictures_too && is_picture_name(path)))
      out.videos.push_back({path, name});
    else if (looks_like_video(path))
      out.videos.push_back({.path = path, .name = name, .by_content = true});
    else if (::access(path.c_str(), R_OK) != 0)
      left_out.add("that may not be read", path);
    else
      left_out.add(pictures_too ? "that are no videos or pictures" : "that are no videos", path);
  }
  for (const auto& [path, reason] : found.closed)
    log_warning("{}: this folder cannot be listed: {}", path.string(), reason);
  if (out.videos.empty() && !found.closed.empty())
    fail<DataError>("{}: no video in what can be listed of this folder; {} cannot: {}", folder.string(),
                    found.closed.front().first.string(), found.closed.front().second);
  if (out.videos.empty())
    fail<DataError>("{}: no video {}in this folder or below it{}", folder.string(),
                    pictures_too ? "and no picture " : "",
                    left_out.empty() ? " (it is empty)" : ": " + left_out.text());
  return out;
}

namespace {

// How often a clip of this weight is drawn for each time that one of the smallest weight is.
int64_t repeats_of(double weight, double smallest) {
  constexpr double kMostRepeats = 1000;
  return std::lround(std::min(weight / smallest, kMostRepeats));
}

void list_videos_of(const fs::path& list, VideoListing& out) {
  const std::vector<ListedClip> clips = read_clip_list(list);
  double smallest = std::numeric_limits<double>::infinity();
  for (const ListedClip& clip : clips)
    if (clip.weight > 0) smallest = std::min(smallest, clip.weight);
  for (const ListedClip& clip : clips)
    if (clip.weight > 0)
      out.videos.push_back({.path = clip.path, .name = clip.name, .repeats = repeats_of(clip.weight, smallest)});
}

// A mixer behind the hash: a few low bits of FNV alone are not even.
double hash_to_unit(const std::string& name) {
  uint64_t hash = hash_bytes(name);
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
  hash ^= hash >> 33;
  return static_cast<double>(hash >> 11) * 0x1p-53;
}

// As often as the file counts.
void append(std::vector<FrameRange>& ranges, const VideoSet& set, const FrameRange& range) {
  const int64_t repeats = set.files[static_cast<size_t>(range.video)].repeats;
  ranges.insert(ranges.end(), static_cast<size_t>(repeats), range);
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
    append(hashes[i] < threshold ? split.held_out : split.train, set, whole(set, i));
  const auto held_out = std::count_if(hashes.begin(), hashes.end(), [&](double hash) { return hash < threshold; });
  split.rule = fmt::format("{} of {} videos held out, by hash of the name", held_out, set.files.size());
  return split;
}

VideoSplit hold_out_time(const VideoSet& set, double share) {
  VideoSplit split;
  for (size_t i = 0; i < set.files.size(); ++i) {
    FrameRange range = whole(set, i);
    const auto kept_back = static_cast<int64_t>(std::lround(share * static_cast<double>(range.end)));
    const int64_t border = std::max<int64_t>(1, range.end - std::max<int64_t>(1, kept_back));
    if (border < range.end) append(split.held_out, set, {range.video, border, range.end});
    range.end = border;
    append(split.train, set, range);
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

FrameTimes VideoFile::frame_times() const {
  if (times) return *times;
  return FrameTimes::even(info.frame_count, info.average_fps > 0 ? info.average_fps : 1);
}

VideoListing list_video_files(const std::vector<fs::path>& paths) {
  VideoListing all;
  // Each file once, even when it was named twice: else a held-out file could come back as another training file. Only
  // a list says something by naming a file again.
  std::map<fs::path, size_t> seen;
  for (const fs::path& path : paths) {
    std::error_code code;
    const fs::file_status status = fs::status(path, code);
    if (code == std::errc::permission_denied) fail<DataError>("{}: {}", path.string(), system_reason(code));
    if (!fs::exists(status)) fail<DataError>("{}: no such file or folder", path.string());
    const std::string extension = lower_extension(path);
    const bool list = !fs::is_directory(status) && (extension == ".csv" || extension == ".txt");
    VideoListing some;
    if (fs::is_directory(status))
      some = list_media_folder(path, /*pictures_too=*/false);
    else if (list)
      list_videos_of(path, some);
    else
      some.videos.push_back({path, path.filename().string()});
    const size_t of_earlier_paths = all.videos.size();
    for (ListedVideo& video : some.videos) {
      const fs::path real = fs::weakly_canonical(video.path, code);
      video.name = valid_utf8(video.name);  // hashed and kept in files of JSON: the same text always
      const auto [at, fresh] = seen.emplace(code ? video.path : real, all.videos.size());
      if (fresh)
        all.videos.push_back(std::move(video));
      else if (list && at->second >= of_earlier_paths)
        all.videos[at->second].repeats += video.repeats;
    }
    all.left_out.add(some.left_out);
  }
  return all;
}

std::vector<Listed> list_videos(const std::vector<fs::path>& paths) {
  const VideoListing listing = list_video_files(paths);
  if (!listing.left_out.empty()) log_info("{}", listing.left_out.text());
  std::vector<Listed> all;
  for (const ListedVideo& video : listing.videos) all.emplace_back(video.path, video.name);
  return all;
}

VideoSet open_videos(const std::vector<fs::path>& paths, int64_t threads, const JobControl& control) {
  VideoListing listing = list_video_files(paths);
  const std::vector<ListedVideo>& listed = listing.videos;
  struct Outcome {
    VideoInfo info;
    std::shared_ptr<const FrameTimes> times;
    std::string reason;  // not empty: broken
    std::exception_ptr error;
  };
  std::vector<Outcome> outcomes(listed.size());
  const auto indexes = std::make_shared<VideoIndexCache>();
  std::atomic<size_t> next{0};
  Progress progress(control, "open", static_cast<int64_t>(listed.size()), "videos");
  std::mutex reporting;
  int64_t opened = 0;
  const auto work = [&] {
    for (size_t i; !control.stopping() && (i = next++) < listed.size();) {
      const std::string prefix = listed[i].path.string() + ": ";
      try {
        const VideoReader reader(listed[i].path, {.indexes = indexes});
        outcomes[i].info = reader.info();
        if (FrameTimes times(reader.starts_s(), reader.info().end_s); !times.even())
          outcomes[i].times = std::make_shared<const FrameTimes>(std::move(times));
      } catch (const DataError& error) {
        const std::string message = error.what();
        outcomes[i].reason = message.starts_with(prefix) ? message.substr(prefix.size()) : message;
      } catch (...) {
        outcomes[i].error = std::current_exception();
      }
      const std::lock_guard lock(reporting);
      progress.update(++opened);
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int64_t i = 1; i < std::min<int64_t>(threads, static_cast<int64_t>(listed.size())); ++i)
      workers.emplace_back(work);
    work();
  }
  if (opened < static_cast<int64_t>(listed.size())) throw Interrupted("interrupted while the videos were opened");
  progress.finish();
  VideoSet set;
  set.indexes = indexes;
  int64_t variable = 0;
  for (size_t i = 0; i < listed.size(); ++i) {
    const Outcome& outcome = outcomes[i];
    if (outcome.error) std::rethrow_exception(outcome.error);
    if (outcome.reason.empty()) {
      log_debug("{}: {} frames, {:.3f} fps", listed[i].path.string(), outcome.info.frame_count,
                outcome.info.average_fps);
      variable += outcome.info.variable_rate ? 1 : 0;
      set.files.push_back({listed[i].path, listed[i].name, outcome.info, listed[i].repeats, outcome.times});
      continue;
    }
    set.broken.push_back({listed[i].path, outcome.reason});
    if (listed[i].by_content && outcome.reason.starts_with("holds no video stream"))
      listing.left_out.add("that hold no pictures", listed[i].path);
    else
      log_warning("{}: left out: {}", listed[i].path.string(), outcome.reason);
  }
  if (!listing.left_out.empty()) log_info("{}", listing.left_out.text());
  if (variable > 0) log_info("{} of {} videos have a variable frame rate", variable, set.files.size());
  if (set.files.empty() && set.broken.empty()) fail<DataError>("the list gives no video any weight");
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
