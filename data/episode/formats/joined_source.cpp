#include "data/episode/formats/joined_source.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <set>

#include "jepa/core/error.h"
#include "jepa/core/files/hash.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/text/name_list.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

/// "5.h5" before "10.h5": runs of digits count as numbers.
bool in_order(const fs::path& a, const fs::path& b) {
  const std::string left = a.generic_string(), right = b.generic_string();
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  size_t i = 0, j = 0;
  while (i < left.size() && j < right.size()) {
    if (digit(left[i]) && digit(right[j])) {
      size_t i_end = i, j_end = j;
      while (i_end < left.size() && digit(left[i_end])) ++i_end;
      while (j_end < right.size() && digit(right[j_end])) ++j_end;
      while (i + 1 < i_end && left[i] == '0') ++i;
      while (j + 1 < j_end && right[j] == '0') ++j;
      if (i_end - i != j_end - j) return i_end - i < j_end - j;
      if (const int order = left.compare(i, i_end - i, right, j, j_end - j); order != 0) return order < 0;
      i = i_end, j = j_end;
    } else {
      if (left[i] != right[j]) return left[i] < right[j];
      ++i, ++j;
    }
  }
  return left.size() - i != right.size() - j ? left.size() - i < right.size() - j : left < right;
}

void list_below(const fs::path& folder, std::initializer_list<std::string_view> extensions, std::set<fs::path>& walked,
                std::vector<fs::path>& out) {
  std::error_code code;
  const fs::path real = fs::canonical(folder, code);
  if (!code && !walked.insert(real).second) return;
  std::vector<fs::path> folders;
  for (fs::directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
    const fs::path& path = at->path();
    const std::string extension = path.extension().string();
    std::error_code ignored;  // a link that leads nowhere is neither
    if (fs::is_directory(path, ignored))
      folders.push_back(path);
    else if (std::find(extensions.begin(), extensions.end(), extension) != extensions.end())
      out.push_back(path);
  }
  if (code) fail<DataError>("{}: this folder cannot be listed: {}", folder.string(), system_reason(code));
  std::sort(folders.begin(), folders.end());  // of two links to one folder the same is always walked
  for (const auto& inner : folders) list_below(inner, extensions, walked, out);
}

/// An id of an episode that is told apart from those of files with the same name in other folders.
uint64_t id_below(const std::string& file, uint64_t id) {
  const size_t end = file.rfind('/');
  if (end == std::string::npos) return id;
  return (hash_bytes(file.substr(0, end)) * 31 + id) % 0x7FFFFFFFu;  // 31 bits: what every format can write
}

/// What has to agree between files: names and shapes.
std::map<std::string, std::vector<int64_t>> layout_of(const SourceInfo& info) {
  std::map<std::string, std::vector<int64_t>> out;
  for (const auto& column : info.columns) out[column.name] = column.shape;
  return out;
}

class JoinedSource : public EpisodeSource {
 public:
  JoinedSource(const fs::path& folder, std::vector<std::unique_ptr<EpisodeSource>> parts, std::vector<LeftOut> left_out,
               SourceOptions options)
      : EpisodeSource(folder) {
    info_.left_out = std::move(left_out);
    std::map<std::map<std::string, std::vector<int64_t>>, size_t> votes;
    for (const auto& part : parts) votes[layout_of(part->info())] += part->info().lengths.size();
    const auto usual =
        std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    std::set<std::string> notes, unread;
    for (auto& part : parts) {
      const SourceInfo& info = part->info();
      const std::string file = name_below(folder, part->path());
      for (const auto& broken : info.left_out) info_.left_out.push_back({file + ", " + broken.what, broken.reason});
      if (layout_of(info) != usual->first) {
        info_.left_out.push_back({file, "its columns or sizes are not those of the other files: " +
                                            difference(usual->first, layout_of(info))});
        continue;
      }
      if (parts_.empty()) {
        info_.format = info.format;
        info_.fps = info.fps;
        info_.columns = info.columns;
        cameras_ = info.cameras;
      }
      for (const auto& flaw : info.flaws) info_.flaws.push_back(file + ": " + flaw);
      for (const auto& note : info.notes)
        if (notes.insert(note).second) info_.notes.push_back(note);
      for (const auto& column : info.unread)
        if (unread.insert(column.name).second) info_.unread.push_back(column);
      for (int64_t e = 0; e < part->episodes(); ++e) {
        places_.emplace_back(parts_.size(), e);
        info_.lengths.push_back(part->length(e));
        info_.ids.push_back(id_below(file, part->id(e)));
        info_.tasks.push_back(info.tasks.empty() ? "" : info.tasks[static_cast<size_t>(e)]);
        info_.names.push_back(part->episodes() == 1 ? file : file + ", " + info.names[static_cast<size_t>(e)]);
      }
      parts_.push_back(std::move(part));
    }
    if (std::all_of(info_.tasks.begin(), info_.tasks.end(), [](const auto& task) { return task.empty(); }))
      info_.tasks.clear();
    options.camera.clear();  // chosen in every file
    options.any_camera = false;
    opened(options);
    info_.cameras = cameras_;
  }

 protected:
  Tensor read_rows(int64_t episode, const std::string& name, int64_t first, int64_t count) const override {
    const auto& [part, index] = places_[static_cast<size_t>(episode)];
    return parts_[part]->read(index, name, first, count);
  }
  void read_planes(int64_t episode, const std::string&, int64_t first, int64_t step, int64_t count,
                   uint8_t* planes) const override {
    const auto& [part, index] = places_[static_cast<size_t>(episode)];
    parts_[part]->read_pictures(index, first, step, count, planes);
  }

 private:
  static std::string difference(const std::map<std::string, std::vector<int64_t>>& usual,
                                const std::map<std::string, std::vector<int64_t>>& other) {
    for (const auto& [name, shape] : usual) {
      const auto found = other.find(name);
      if (found == other.end()) return "no '" + name + "'";
      if (found->second != shape) return "'" + name + "' has another size";
    }
    for (const auto& [name, shape] : other)
      if (!usual.contains(name)) return "'" + name + "' besides";
    return "none";
  }

  std::vector<std::string> cameras_;
  std::vector<std::unique_ptr<EpisodeSource>> parts_;
  std::vector<std::pair<size_t, int64_t>> places_;  // of each episode: part and number there
};

}  // namespace

std::vector<fs::path> files_below(const fs::path& folder, std::initializer_list<std::string_view> extensions) {
  std::set<fs::path> walked;
  std::vector<fs::path> files;
  list_below(folder, extensions, walked, files);
  return files;
}

std::string name_below(const fs::path& folder, const fs::path& file) {
  const std::string name = file.lexically_relative(folder).generic_string();
  return name.empty() || name == "." ? file.filename().string() : name;
}

void leave_out_others(const fs::path& folder, const fs::path& one, std::vector<LeftOut>& left_out) {
  const auto kind = [](const fs::path& file) {
    return file.extension() == ".hdf5" ? ".h5" : file.extension().string();
  };
  std::vector<std::string> others;
  for (const auto& file : files_below(folder, {".h5", ".hdf5", ".npz", ".parquet"}))
    if (kind(file) != kind(one)) others.push_back(name_below(folder, file));
  std::sort(others.begin(), others.end());
  if (!others.empty())
    left_out.push_back({name_list(others, 3), "the set is read as the files of another format that lie beside"});
}

std::unique_ptr<EpisodeSource> open_joined(
    const fs::path& folder, std::vector<fs::path> files, const SourceOptions& options,
    const std::function<std::unique_ptr<EpisodeSource>(const fs::path&, const SourceOptions&)>& open) {
  std::sort(files.begin(), files.end(), in_order);
  std::vector<std::unique_ptr<EpisodeSource>> parts;
  std::vector<LeftOut> left_out;
  SourceOptions quiet = options;
  quiet.quiet = true;
  quiet.strict = false;  // the whole set is judged at once
  for (const auto& file : files) {
    try {
      parts.push_back(open(file, quiet));
    } catch (const DataError& error) {
      left_out.push_back({name_below(folder, file), error.what()});
    }
  }
  if (parts.empty())
    fail<DataError>("{}: none of {} files can be read: {}", folder.string(), files.size(),
                    left_out.empty() ? "there is none" : left_out.front().reason);
  leave_out_others(folder, files.front(), left_out);
  return std::make_unique<JoinedSource>(folder, std::move(parts), std::move(left_out), options);
}

}  // namespace foresee::data
