#include "data/clip/folder_files.h"

#include <algorithm>
#include <set>

#include "data/clip/video_names.h"
#include "jepa/core/error.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/text/counted.h"

namespace foresee::data {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostEndings = 8;  // that a line names

class Walk {
 public:
  explicit Walk(FolderFiles& out) : out_(out) {}

  // @returns the system's reason when the folder cannot be listed, else nothing.
  std::string into(const fs::path& folder, const std::string& name) {
    std::error_code code;
    const fs::path real = fs::canonical(folder, code);
    if (!code && !walked_.insert(real).second) return "";
    std::vector<fs::path> entries;
    for (fs::directory_iterator at(folder, code), end; !code && at != end; at.increment(code))
      entries.push_back(at->path());
    if (code) return system_reason(code);
    std::sort(entries.begin(), entries.end());
    for (const fs::path& entry : entries) {
      const std::string inner = name.empty() ? entry.filename().string() : name + "/" + entry.filename().string();
      const fs::file_status status = fs::status(entry, code);  // of what a link points to
      if (fs::is_directory(status)) {
        if (const std::string reason = into(entry, inner); !reason.empty()) out_.closed.emplace_back(entry, reason);
      } else if (fs::is_regular_file(status)) {
        out_.files.emplace_back(entry, inner);
      }
    }
    return "";
  }

 private:
  FolderFiles& out_;
  std::set<fs::path> walked_;
};

}  // namespace

FolderFiles list_folder(const fs::path& folder) {
  FolderFiles out;
  const std::string reason = Walk(out).into(folder, "");
  if (!reason.empty()) fail<DataError>("{}: this folder cannot be listed: {}", folder.string(), reason);
  std::sort(out.files.begin(), out.files.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return out;
}

void LeftOutCount::add(const std::string& reason, const fs::path& file) {
  std::string ending = lower_extension(file);
  ++reasons_[reason][ending.empty() ? "without ending" : ending];
}

void LeftOutCount::add(const LeftOutCount& others) {
  for (const auto& [reason, endings] : others.reasons_)
    for (const auto& [ending, count] : endings) reasons_[reason][ending] += count;
}

std::string LeftOutCount::text() const {
  int64_t total = 0;
  std::string parts;
  for (const auto& [reason, endings] : reasons_) {
    std::vector<std::pair<std::string, int64_t>> kinds(endings.begin(), endings.end());
    // The most frequent are named, so that it stays one line.
    if (kinds.size() > kMostEndings)
      std::stable_sort(kinds.begin(), kinds.end(), [](const auto& x, const auto& y) { return x.second > y.second; });
    int64_t count = 0, unnamed = 0;
    std::string named;
    for (size_t i = 0; i < kinds.size(); ++i) {
      count += kinds[i].second;
      if (i < kMostEndings)
        named += fmt::format("{}{} {}", i == 0 ? "" : ", ", kinds[i].second, kinds[i].first);
      else
        unnamed += kinds[i].second;
    }
    if (unnamed > 0) named += fmt::format(", {} of {} other endings", unnamed, kinds.size() - kMostEndings);
    total += count;
    parts += fmt::format("{}{} {} ({})", parts.empty() ? "" : "; ", count, reason, named);
  }
  return fmt::format("{} left out: {}", counted(static_cast<int64_t>(total), "file"), parts);
}

}  // namespace foresee::data
