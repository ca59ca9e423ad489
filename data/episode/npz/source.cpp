#include "data/episode/source.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "data/episode/bounds.h"
#include "data/episode/formats/joined_source.h"
#include "data/episode/npz/npy.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

/// Names that other writers use, and ours.
constexpr std::pair<const char*, const char*> kAliases[] = {
    {"image", "pixels"},       {"images", "pixels"},  {"observations", "pixels"},
    {"frames", "pixels"},      {"actions", "action"}, {"states", "state"},
    {"observation", "pixels"}, {"obs", "pixels"},     {"ep_offsets", "ep_offset"},
};

std::string our_name(const std::string& name, const TensorMap& arrays) {
  for (const auto& [theirs, ours] : kAliases)
    if (name == theirs && !arrays.contains(ours)) return ours;
  return column_name(name);
}

/// Rows, or episodes of rows, of pictures in any form.
bool looks_like_pictures(const Tensor& values) {
  std::string reason;
  for (const int64_t axes : {1, 2})
    if (values.dim() >= axes + 2) {
      const ColumnInfo row{"pixels", values.scalar_type(), values.sizes().slice(static_cast<size_t>(axes)).vec()};
      if (row.picture() || (values.dim() - axes <= 3 && picture_form(row, reason))) return true;
    }
  return false;
}

/// Arrays in memory (views of the file): every column [rows, ...], episodes by ep_len.
class NpzSource : public EpisodeSource {
 public:
  NpzSource(const fs::path& path, const std::vector<fs::path>& files, const SourceOptions& options)
      : EpisodeSource(path) {
    info_.format = "npz";
    for (const auto& file : files) {
      try {
        take(file, files.size() > 1);
      } catch (const DataError& error) {
        if (files.size() == 1) throw;
        info_.left_out.push_back({name_below(path, file), error.what()});
      }
    }
    if (parts_.empty()) fail<DataError>("{}: no file can be read: {}", path.string(), info_.left_out.front().reason);
    if (fs::is_directory(path)) leave_out_others(path, files.front(), info_.left_out);
    list_columns();
    opened(options);
  }

 protected:
  Tensor read_rows(int64_t episode, const std::string& name, int64_t first, int64_t count) const override {
    const auto& [part, offset] = places_[static_cast<size_t>(episode)];
    const auto& columns = parts_[part].columns;
    const auto found = columns.find(name);
    if (found == columns.end()) fail<DataError>("{}: no array '{}' in {}", path().string(), name, parts_[part].file);
    return found->second.narrow(0, offset + first, count);
  }

 private:
  struct Part {
    std::string file;
    TensorMap columns;
  };

  void not_read(const std::string& name, const std::string& reason) {
    for (const auto& known : info_.unread)
      if (known.name == name) return;
    info_.unread.push_back({name, reason});
  }
  void note(const std::string& text) {
    if (std::find(info_.notes.begin(), info_.notes.end(), text) == info_.notes.end()) info_.notes.push_back(text);
  }

  /// A part whose columns are not those of the first is left out.
  void list_columns() {
    for (const auto& [name, values] : parts_.front().columns)
      info_.columns.push_back({name, values.scalar_type(), values.sizes().slice(1).vec()});
    for (size_t e = 0; e < places_.size(); ++e) {
      const Part& part = parts_[places_[e].first];
      for (const auto& column : info_.columns) {
        const auto found = part.columns.find(column.name);
        if (found == part.columns.end())
          leave_out(static_cast<int64_t>(e), fmt::format("{}: no array '{}'", part.file, column.name));
        else if (found->second.sizes().slice(1) != at::IntArrayRef(column.shape))
          leave_out(static_cast<int64_t>(e),
                    fmt::format("{}: array '{}' is {}, of another size than in {}", part.file, column.name,
                                foresee::describe(found->second), parts_.front().file));
      }
    }
  }

  /// Values with a row of NaN behind the last (of every episode: axis 1).
  static Tensor padded(const Tensor& values, int64_t axis) {
    auto shape = values.sizes().vec();
    shape[static_cast<size_t>(axis)] = 1;
    const Tensor plain = at::isFloatingType(values.scalar_type()) ? values : values.to(at::kDouble);
    return at::cat({plain, at::full(shape, std::numeric_limits<double>::quiet_NaN(), plain.options())}, axis);
  }

  /// One column as rows of the file; undefined, with the reason, where it is none.
  Tensor as_rows(const std::string& name, const Tensor& values, bool stacked, int64_t rows,
                 const std::vector<int64_t>& lengths, const std::vector<int64_t>& offsets, std::string& reason) {
    const auto episodes = static_cast<int64_t>(lengths.size());
    const int64_t each = stacked ? rows / episodes : 0;
    const auto short_by_one = [&](const char* where) {
      note(fmt::format("'{}' has one row less than the pictures{}: the last has no value", name, where));
    };
    if (stacked) {
      if (values.dim() >= 2 && values.size(0) == episodes && values.size(1) == each) return values.flatten(0, 1);
      if (values.dim() >= 2 && values.size(0) == episodes && values.size(1) == each - 1) {
        short_by_one(" in every episode");
        return padded(values, 1).flatten(0, 1);
      }
    } else if (values.dim() >= 1) {
      if (values.size(0) == rows) return values;
      if (values.size(0) == rows - episodes && episodes > 1) {
        short_by_one(" in every episode");
        std::vector<Tensor> parts;
        std::vector<int64_t> order(lengths.size());
        std::iota(order.begin(), order.end(), 0);
        std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
          return offsets[static_cast<size_t>(a)] < offsets[static_cast<size_t>(b)];
        });
        int64_t row = 0;
        for (const int64_t e : order) {
          const int64_t there = std::max<int64_t>(lengths[static_cast<size_t>(e)] - 1, 0);
          parts.push_back(padded(values.narrow(0, row, there), 0));
          row += there;
        }
        return at::cat(parts);
      }
      if (values.size(0) == rows - 1) {
        short_by_one("");
        return padded(values, 0);
      }
    }
    reason = fmt::format("{}, the set has {} rows in {} episodes", foresee::describe(values), rows, episodes);
    return {};
  }

  void take(const fs::path& file, bool one_of_many) {
    const std::string where = file.string();
    std::vector<std::string> unread;
    TensorMap raw = read_npz(file, &unread), arrays;
    for (const auto& name : unread) not_read(column_name(name), "text or objects");
    for (auto& [name, values] : raw) {
      const std::string ours = our_name(name, raw);
      // Text of another shape under one of the aliased names ("observation": a vector) keeps its own.
      arrays[ours == "pixels" && !looks_like_pictures(values) ? name : ours] = values;
    }
    const auto lead = arrays.find(arrays.contains("pixels") ? "pixels" : "action");
    if (lead == arrays.end() || lead->second.dim() < 1)
      fail<DataError>("{}: expected an array 'pixels' uint8 [rows, H, W, 3] or 'action' [rows, A]", where);
    // [episodes, T, ...] for all arrays: what vjepa2's example holds.
    const bool stacked =
        lead->first == "pixels" ? lead->second.dim() == 5 : !arrays.contains("ep_len") && lead->second.dim() == 3;
    const int64_t episodes = stacked ? lead->second.size(0) : 0;
    const int64_t each = stacked ? lead->second.size(1) : 0, rows = stacked ? episodes * each : lead->second.size(0);
    EpisodeBounds bounds = stacked ? stacked_bounds(arrays, episodes, each, where) : find_bounds(arrays, rows, where);
    if (bounds.lengths.empty() && rows > 0) {
      bounds = {.lengths = {rows}, .offsets = {0}, .column = {}};
      if (!one_of_many) note(fmt::format("nothing says where episodes begin ('ep_len'): its {} rows are one", rows));
    }
    const std::vector<int64_t>&lengths = bounds.lengths, &offsets = bounds.offsets;
    if (lengths.empty() || lengths.size() != offsets.size())
      fail<DataError>("{}: {} lengths and {} offsets of episodes", where, lengths.size(), offsets.size());
    check_bounds(lengths, offsets, rows, where);
    const int64_t counted = total_rows(lengths, rows, where);
    if (counted < rows && !stacked)
      info_.flaws.push_back(fmt::format("{}: {} of {} rows belong to no episode", where, rows - counted, rows));
    Part part{where, {}};
    for (auto& [name, values] : arrays) {
      if (name == "ep_len" || name == "ep_offset" || (name == bounds.column && values.numel() != rows)) continue;
      std::string reason;
      Tensor taken = as_rows(name, values, stacked, rows, lengths, offsets, reason);
      if (taken.defined())
        part.columns[column_name(name)] = std::move(taken);
      else if (name == "action")
        fail<DataError>("{}: array 'action' is {}", where, reason);
      else
        not_read(column_name(name), reason);
    }
    std::vector<int64_t> ids = row_ids(part.columns, bounds.column, rows, where);
    check_row_ids(lengths, offsets, ids, where);
    std::vector<uint64_t> own;
    for (size_t e = 0; e < lengths.size(); ++e)
      own.push_back(ids.empty() || lengths[e] < 1 ? e : static_cast<uint64_t>(ids[static_cast<size_t>(offsets[e])]));
    if (one_of_many) own = stable_ids(std::move(own), name_below(path(), file));
    for (size_t e = 0; e < lengths.size(); ++e) {
      if (lengths[e] < 1) leave_out(static_cast<int64_t>(places_.size()), where + ": ep_len gives it no row");
      const std::string number = fmt::format("episode {}", e), name = name_below(path(), file);
      info_.names.push_back(!one_of_many ? number : lengths.size() == 1 ? name : name + ", " + number);
      info_.ids.push_back(own[e]);
      info_.lengths.push_back(lengths[e]);
      places_.emplace_back(parts_.size(), offsets[e]);
    }
    parts_.push_back(std::move(part));
  }

  static std::vector<int64_t> integers(const Tensor& values, const std::string& where) {
    auto list = whole_numbers(values);
    if (!list) fail<DataError>("{}: expected whole numbers of episodes", where);
    return *std::move(list);
  }

  /// Numbers of every row's episode: ours, or the column by which the bounds were found.
  static std::vector<int64_t> row_ids(const TensorMap& columns, const std::string& column, int64_t rows,
                                      const std::string& where) {
    for (const std::string_view name : kRowIdNames) {
      const auto found = columns.find(std::string(name));
      const bool ours = name == "ep_idx" || name == "episode_idx" || name == column;
      if (ours && found != columns.end() && found->second.numel() == rows) return integers(found->second, where);
    }
    return {};
  }

  /// Arrays [episodes, T, ...]: shorter episodes are filled up, and "ep_len" says so.
  static EpisodeBounds stacked_bounds(const TensorMap& arrays, int64_t episodes, int64_t each,
                                      const std::string& where) {
    EpisodeBounds out;
    for (const std::string_view name : kLengthNames) {
      const auto found = arrays.find(std::string(name));
      if (found == arrays.end() || found->second.numel() != episodes || !out.lengths.empty()) continue;
      out.lengths = integers(found->second, where);
      out.column = name;
    }
    for (int64_t e = 0; e < episodes; ++e) {
      out.offsets.push_back(e * each);
      if (out.column.empty()) out.lengths.push_back(each);
      if (const int64_t length = out.lengths[static_cast<size_t>(e)]; length < 0 || length > each)
        fail<DataError>("{}: {}: episode {} has {} of {} rows", where, out.column, e, length, each);
    }
    return out;
  }

  /// Where episodes lie; empty where nothing says so (Note [Names of bounds]).
  EpisodeBounds find_bounds(const TensorMap& arrays, int64_t rows, const std::string& where) {
    const auto numbers = [&](const std::string& name) -> Tensor {
      const auto found = arrays.find(name);
      return found == arrays.end() || found->second.dim() > 2 ? Tensor() : found->second;
    };
    EpisodeBounds out;
    for (const std::string_view name : kLengthNames) {
      const Tensor values = numbers(std::string(name));
      if (!values.defined() || (values.numel() == rows && name != "ep_len")) continue;
      out.lengths = integers(values, where);
      out.column = name;
      if (arrays.contains("ep_offset")) {
        out.offsets = integers(arrays.at("ep_offset"), where);
      } else {
        if (const int64_t counted = total_rows(out.lengths, rows, where); counted != rows)
          fail<DataError>("{}: no ep_offset, and {} adds up to {} of {} rows", where, name, counted, rows);
        int64_t at = 0;
        for (const int64_t n : out.lengths) out.offsets.push_back(at), at += n;
      }
      if (name != "ep_len") note(fmt::format("episodes have the lengths in '{}'", name));
      return out;
    }
    for (const std::string_view name : kRowIdNames) {
      const Tensor values = numbers(std::string(name));
      if (!values.defined() || values.numel() != rows) continue;
      const auto ids = whole_numbers(values);
      if (!ids) continue;
      const Tensor steps = numbers(arrays.contains("step_idx") ? "step_idx" : "frame_index");
      out = bounds_of_runs(*ids, steps.defined() ? integers(steps, where) : std::vector<int64_t>{}, where);
      out.column = name;
      note(fmt::format("'{}' says which episode a row belongs to", name));
      return out;
    }
    if (auto ends = bounds_of_ends(numbers, rows, where)) {
      note(fmt::format("episodes end as '{}' says: {} of them", ends->column, ends->lengths.size()));
      return *std::move(ends);
    }
    return out;
  }

  std::vector<Part> parts_;
  std::vector<std::pair<size_t, int64_t>> places_;  // of each episode: part and first row
};

}  // namespace

std::unique_ptr<EpisodeSource> open_npz(const fs::path& path, const SourceOptions& options) {
  std::vector<fs::path> files;
  if (fs::is_directory(path)) {
    files = files_below(path, {".npz"});
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(path);
  }
  return std::make_unique<NpzSource>(path, files, options);
}

}  // namespace foresee::data
