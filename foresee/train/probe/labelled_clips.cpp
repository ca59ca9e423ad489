#include "foresee/train/probe/labelled_clips.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "data/clip/clip_list.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"

namespace foresee {
namespace {

std::optional<int64_t> class_number(const std::string& label) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), value);
  if (error != std::errc() || end != label.data() + label.size() || value < 0) return std::nullopt;
  return value;
}

// Clips that can be learned from; what is left out is told.
std::vector<data::ListedClip> usable_clips(const std::filesystem::path& list) {
  const std::vector<data::ListedClip> clips = data::read_clip_list(list);
  if (const auto conflicts = data::label_conflicts(clips); !conflicts.empty())
    fail<DataError>("{}: {} clip{} listed with two classes; keep one line of each: {}", list.string(), conflicts.size(),
                    conflicts.size() == 1 ? " is" : "s are", conflicts.front());
  std::vector<data::ListedClip> usable;
  int64_t several = 0, without = 0, first_without = 0;
  for (size_t i = 0; i < clips.size(); ++i) {
    std::error_code code;
    if (clips[i].labels.empty()) {
      if (without++ == 0) first_without = clips[i].line;
    } else if (!std::filesystem::exists(clips[i].path, code)) {
      log_warning("{}: left out: no such file (line {} of {})", clips[i].path.string(), clips[i].line, list.string());
    } else {
      several += clips[i].labels.size() > 1 ? 1 : 0;
      usable.push_back(clips[i]);
    }
  }
  if (without > 0)
    log_warning("{}: {} clips have no label and are left out, the first in line {}: expected 'PATH LABEL'",
                list.string(), without, first_without);
  if (several > 0) log_warning("{}: {} clips have several labels, of which the first counts", list.string(), several);
  if (usable.empty()) fail<DataError>("{}: no clip with a label: expected 'PATH LABEL' in each line", list.string());
  return usable;
}

}  // namespace

LabelledClips read_labelled_clips(const std::filesystem::path& list) {
  std::vector<std::string> labels;
  LabelledClips out{.folder = list.parent_path()};
  std::map<std::filesystem::path, size_t> places;
  for (const data::ListedClip& clip : usable_clips(list)) {
    const auto [place, fresh] = places.emplace(std::filesystem::weakly_canonical(clip.path), out.paths.size());
    if (fresh) {
      out.paths.push_back(clip.path);
      out.repeats.push_back(1);
      labels.push_back(clip.labels.front());
    } else {
      ++out.repeats[place->second];
    }
  }
  if (std::all_of(labels.begin(), labels.end(), [](const auto& label) { return class_number(label).has_value(); })) {
    constexpr int64_t kMostClasses = 100000;
    int64_t most = 0;
    for (const auto& label : labels) {
      out.classes.push_back(*class_number(label));
      most = std::max(most, out.classes.back());
    }
    if (most >= kMostClasses) fail<DataError>("{}: class {} is beyond {}", list.string(), most, kMostClasses - 1);
    for (int64_t i = 0; i <= most; ++i) out.labels.push_back(std::to_string(i));
    return out;
  }
  const std::set<std::string> names(labels.begin(), labels.end());
  out.labels.assign(names.begin(), names.end());
  for (const auto& label : labels) out.classes.push_back(std::distance(names.begin(), names.find(label)));
  return out;
}

}  // namespace foresee
