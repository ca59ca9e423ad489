#include "data/episode/source.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "data/episode/npz/npy.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

/// Names that other writers use, and ours.
constexpr std::pair<const char*, const char*> kAliases[] = {
    {"image", "pixels"},   {"images", "pixels"},        {"observations", "pixels"}, {"frames", "pixels"},
    {"actions", "action"}, {"states", "state"},         {"observation", "pixels"},  {"obs", "pixels"},
    {"ep_lens", "ep_len"}, {"ep_offsets", "ep_offset"},
};

std::string our_name(const std::string& name, const TensorMap& arrays) {
  for (const auto& [theirs, ours] : kAliases)
    if (name == theirs && !arrays.contains(ours)) return ours;
  return column_name(name);
}

bool looks_like_pictures(const Tensor& values) {
  return values.scalar_type() == at::kByte && values.dim() >= 4 && values.size(-1) == 3;
}

/// Arrays in memory (views of the file): every column [rows, ...], episodes by ep_len.
class NpzSource : public EpisodeSource {
 public:
  NpzSource(const fs::path& path, const std::vector<fs::path>& files, const SourceOptions& options)
      : EpisodeSource(path) {
    info_.format = "npz";
    for (const auto& file : files) take(file);
    for (const auto& [name, values] : parts_.front().columns)
      info_.columns.push_back({name, values.scalar_type(), values.sizes().slice(1).vec()});
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

  void take(const fs::path& file) {
    const std::string where = file.string();
    TensorMap raw = read_npz(file), arrays;
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
    std::vector<int64_t> lengths, offsets;
    if (stacked) {
      for (int64_t e = 0; e < episodes; ++e) lengths.push_back(each), offsets.push_back(e * each);
    } else if (arrays.contains("ep_len")) {
      lengths = integers(arrays.at("ep_len"), where);
      if (arrays.contains("ep_offset")) {
        offsets = integers(arrays.at("ep_offset"), where);
      } else {
        for (int64_t at = 0; const int64_t n : lengths) offsets.push_back(at), at += n;
      }
    } else if (rows > 0) {
      lengths = {rows};
      offsets = {0};
    }
    if (lengths.size() != offsets.size())
      fail<DataError>("{}: {} lengths and {} offsets of episodes", where, lengths.size(), offsets.size());
    Part part{where, {}};
    for (auto& [name, values] : arrays) {
      if (name == "ep_len" || name == "ep_offset") continue;
      if (stacked && values.dim() >= 2 && values.size(0) == episodes && values.size(1) == each)
        part.columns[name] = values.flatten(0, 1);
      else if (!stacked && values.dim() >= 1 && values.size(0) == rows)
        part.columns[name] = values;
    }
    std::vector<int64_t> ids;
    for (const char* name : {"ep_idx", "episode_idx"})
      if (ids.empty() && part.columns.contains(name)) ids = integers(part.columns.at(name), where);
    for (size_t e = 0; e < lengths.size(); ++e) {
      if (lengths[e] < 1 || offsets[e] < 0 || offsets[e] > rows || lengths[e] > rows - offsets[e])
        fail<DataError>("{}: episode {} has rows {}.. + {} of {}", where, e, offsets[e], lengths[e], rows);
      info_.ids.push_back(ids.empty() ? info_.lengths.size()
                                      : static_cast<uint64_t>(ids[static_cast<size_t>(offsets[e])]));
      info_.lengths.push_back(lengths[e]);
      places_.emplace_back(parts_.size(), offsets[e]);
    }
    parts_.push_back(std::move(part));
  }

  static std::vector<int64_t> integers(const Tensor& values, const std::string& where) {
    if (at::isFloatingType(values.scalar_type())) fail<DataError>("{}: expected whole numbers of episodes", where);
    const Tensor list = values.to(at::kLong).flatten().contiguous();
    return {list.const_data_ptr<int64_t>(), list.const_data_ptr<int64_t>() + list.numel()};
  }

  std::vector<Part> parts_;
  std::vector<std::pair<size_t, int64_t>> places_;  // of each episode: part and first row
};

}  // namespace

std::unique_ptr<EpisodeSource> open_npz(const fs::path& path, const SourceOptions& options) {
  std::vector<fs::path> files;
  if (fs::is_directory(path)) {
    for (const auto& entry : fs::directory_iterator(path))
      if (entry.path().extension() == ".npz") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(path);
  }
  return std::make_unique<NpzSource>(path, files, options);
}

}  // namespace foresee::data
