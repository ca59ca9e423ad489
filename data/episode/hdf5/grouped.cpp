#include "data/episode/hdf5/grouped.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>

#include "data/episode/hdf5/episode_file.h"
#include "data/episode/hdf5/handle.h"
#include "data/episode/hdf5/storage.h"
#include "data/episode/hdf5/stored_column.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

constexpr int kMostGroupDepth = 4;        // groups inside groups
constexpr int64_t kMostMembers = 100000;  // of a group

/// Names in a group, and whether each is a group.
std::vector<std::pair<std::string, bool>> members(hid_t file, const std::string& group) {
  std::vector<std::pair<std::string, bool>> out;
  const Hdf5Handle opened = open_hdf5_object(file, group);
  H5G_info_t info;
  if (!opened.valid() || H5Gget_info(opened.get(), &info) < 0) return out;
  for (hsize_t i = 0; i < std::min<hsize_t>(info.nlinks, kMostMembers); ++i) {
    char name[256];
    const auto length =
        H5Lget_name_by_idx(opened.get(), ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof(name), H5P_DEFAULT);
    if (length <= 0 || length >= static_cast<ssize_t>(sizeof(name))) continue;
    const Hdf5Handle object = open_hdf5_object(opened.get(), name);
    if (object.valid()) out.emplace_back(name, H5Iget_type(object.get()) == H5I_GROUP);
  }
  return out;
}

bool is_group(hid_t file, const std::string& name) {
  const Hdf5Handle object = open_hdf5_object(file, name);
  return object.valid() && H5Iget_type(object.get()) == H5I_GROUP;
}

bool has_actions(hid_t file, const std::string& group) {
  for (const char* name : {"/actions", "/action"})
    if (const Hdf5Handle object = open_hdf5_object(file, group + name);
        object.valid() && H5Iget_type(object.get()) == H5I_DATASET)
      return true;
  return false;
}

/// Paths of all datasets below a group, relative to it.
void datasets(hid_t file, const std::string& group, const std::string& prefix, int depth,
              std::vector<std::string>& out) {
  for (const auto& [name, is_inner] : members(file, group)) {
    if (!is_inner)
      out.push_back(prefix + name);
    else if (depth < kMostGroupDepth)
      datasets(file, group + "/" + name, prefix + name + "/", depth + 1, out);
  }
}

/// Our name of a dataset; empty: not a column.
std::string our_name(std::string path) {
  if (path.starts_with("next_obs/")) return {};
  if (path == "actions") return "action";
  if (path == "rewards") return "reward";
  if (path == "dones") return "terminated";
  if (path == "states") return "state";
  if (path == "observations/qpos" || path == "obs/agent/qpos") return "proprio";
  if (path.starts_with("obs/sensor_data/") && path.ends_with("/rgb"))
    return "pixels_" + column_name(path.substr(16, path.size() - 20));
  for (const std::string_view part : {"observations/images/", "obs/images/"})
    if (path.starts_with(part)) return "pixels_" + column_name(path.substr(part.size()));
  for (const std::string_view part : {"observations/", "obs/"})
    if (path.starts_with(part)) return column_name(path.substr(part.size()));
  return column_name(path);
}

/// The number at the end of "demo_12"; nothing where there is none.
std::optional<int64_t> number_of(const std::string& name) {
  const size_t begin = name.find_last_not_of("0123456789") + 1;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data() + begin, name.data() + name.size(), number);
  if (error != std::errc() || end == name.data() + begin) return {};
  return number;
}

struct Group {
  std::string name;  // path in the file
  int64_t rows = 0;
  std::map<std::string, StoredColumn> columns;  // by our name
};

class GroupedSource : public EpisodeSource {
 public:
  GroupedSource(const fs::path& path, Hdf5Handle file, std::vector<std::string> groups, const SourceOptions& options)
      : EpisodeSource(path), file_(std::move(file)) {
    info_.format = "hdf5";
    std::set<std::string> unread;
    for (const auto& name : groups) {
      const auto listed = static_cast<int64_t>(groups_.size());
      info_.names.push_back(name.empty() ? "its episode" : name.substr(name.find_last_of('/') + 1));
      info_.ids.push_back(static_cast<uint64_t>(number_of(name).value_or(listed)));
      groups_.push_back({name, 0, {}});
      try {
        take(groups_.back(), unread);
      } catch (const DataError& error) {
        leave_out(listed, error.what());
      }
      info_.lengths.push_back(groups_.back().rows);
    }
    list_columns();
    opened(options);
  }
  ~GroupedSource() override {
    const Hdf5Lock lock;
    groups_.clear();
    file_.reset();
  }

 protected:
  Tensor read_rows(int64_t episode, const std::string& name, int64_t first, int64_t count) const override {
    const StoredColumn& column = groups_[static_cast<size_t>(episode)].columns.at(name);
    const int64_t there = std::clamp<int64_t>(column.rows - first, 0, count);
    Tensor rows = column.read(std::min(first, column.rows), there);
    if (!is_padded(name)) return rows;
    if (!at::isFloatingType(rows.scalar_type())) rows = rows.to(at::kDouble);
    if (there == count) return rows;
    auto shape = rows.sizes().vec();
    shape[0] = count - there;
    return at::cat({rows, at::full(shape, std::numeric_limits<double>::quiet_NaN(), rows.options())});
  }

 private:
  bool is_padded(const std::string& name) const { return padded_.contains(name); }

  void take(Group& group, std::set<std::string>& unread) {
    std::vector<std::string> paths;
    datasets(file_.get(), group.name.empty() ? "/" : group.name, "", 1, paths);
    for (const auto& inner : paths) {
      const std::string name = our_name(inner), whole = group.name.empty() ? inner : group.name + "/" + inner;
      if (name.empty()) continue;
      std::string reason;
      auto column = open_column(file_.get(), path(), whole, name, reason);
      if (column)
        group.columns.emplace(name, std::move(*column));
      else if (unread.insert(name).second)
        info_.unread.push_back({name, reason});
    }
    const auto action = group.columns.find("action");
    if (action == group.columns.end())
      fail<DataError>("{}: no actions in group '{}'", path().string(), group.name.empty() ? "/" : group.name);
    group.rows = action->second.rows;
    // Observations of the state that the last action led to.
    bool one_more = false, as_many = false;
    for (const auto& [name, column] : group.columns)
      if (column.info.shape.size() >= 2) {
        one_more = one_more || column.rows == action->second.rows + 1;
        as_many = as_many || column.rows == action->second.rows;
        if (column.rows != action->second.rows && column.rows != action->second.rows + 1)
          fail<DataError>("{}: group '{}': '{}' has {} rows and the actions {}", path().string(), group.name, name,
                          column.rows, action->second.rows);
      }
    if (one_more && as_many)
      fail<DataError>("{}: group '{}': cameras have {} and {} rows", path().string(), group.name, action->second.rows,
                      action->second.rows + 1);
    if (one_more) ++group.rows;
    for (auto at = group.columns.begin(); at != group.columns.end();) {
      const int64_t rows = at->second.rows;
      const bool fits = rows == group.rows || (rows == group.rows - 1 && one_more);
      if (!fits && unread.insert(at->first).second)
        info_.unread.push_back({at->first, fmt::format("{} rows of {}", rows, group.rows)});
      if (fits && rows < group.rows) padded_.insert(at->first);
      at = fits ? std::next(at) : group.columns.erase(at);
    }
    if (group.rows < 1) fail<DataError>("{}: group '{}' has no row", path().string(), group.name);
  }

  /// The columns of the first readable episode; others have to have them.
  void list_columns() {
    const Group* first = nullptr;
    for (size_t i = 0; i < groups_.size(); ++i) {
      if (is_left_out(static_cast<int64_t>(i))) continue;
      const Group& group = groups_[i];
      if (first == nullptr) {
        first = &group;
        for (const auto& [name, column] : group.columns) {
          info_.columns.push_back(column.info);
          info_.columns.back().origin = column.info.name;
        }
      }
      for (const auto& [name, column] : first->columns) {
        const auto found = group.columns.find(name);
        if (found == group.columns.end())
          leave_out(static_cast<int64_t>(i),
                    fmt::format("{}: group '{}' has no '{}'", path().string(), group.name, name));
        else if (found->second.info.shape != column.info.shape)
          leave_out(static_cast<int64_t>(i),
                    fmt::format("{}: group '{}': a row of '{}' has the shape [{}], in '{}' [{}]", path().string(),
                                group.name, name, fmt::join(found->second.info.shape, ", "), first->name,
                                fmt::join(column.info.shape, ", ")));
      }
    }
    for (auto& column : info_.columns)
      if (is_padded(column.name) && !at::isFloatingType(column.dtype)) column.dtype = at::kDouble;
    if (!padded_.empty())
      info_.notes.push_back(fmt::format("{}: no value in the last row of every episode", fmt::join(padded_, ", ")));
  }

  Hdf5Handle file_;
  std::vector<Group> groups_;
  std::set<std::string> padded_;
};

}  // namespace

std::unique_ptr<EpisodeSource> open_grouped(const fs::path& path, const SourceOptions& options) {
  const Hdf5Lock lock;
  blosc_available();  // the filter is loaded here, where no fork is near
  check_hdf5_structure(path);
  Hdf5Handle file = open_hdf5_file(path);
  std::vector<std::string> groups;
  if (is_group(file.get(), "data")) {
    for (const auto& [name, is_inner] : members(file.get(), "data"))
      if (is_inner) groups.push_back("data/" + name);
  } else if (is_group(file.get(), "observations") || is_group(file.get(), "obs")) {
    groups.emplace_back();
  } else {
    for (const auto& [name, is_inner] : members(file.get(), "/"))
      if (is_inner && has_actions(file.get(), name)) groups.push_back(name);
  }
  std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) {
    const auto left = number_of(a), right = number_of(b);
    return left && right && *left != *right ? *left < *right : a < b;
  });
  if (groups.empty()) return nullptr;
  return std::make_unique<GroupedSource>(path, std::move(file), std::move(groups), options);
}

}  // namespace foresee::data
