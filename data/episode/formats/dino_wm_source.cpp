#include <ATen/ATen.h>

#include <cstring>
#include <optional>

#include "data/episode/source.h"
#include "data/episode/video_shelf.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/io/pt_file.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

constexpr double kPushTScale = 100;  // datasets/pusht_dset.py: rel_actions are stored in pixels, used by hundreds

/// A tensor that torch.save wrote by itself, or a list of them stacked.
Tensor load_tensor(const fs::path& path) {
  try {
    const PtFile file(path);
    if (!file.root().is(PickleValue::Kind::kList)) return file.tensor(file.root(), path.filename().string());
    std::vector<Tensor> rows;
    for (const auto* item : file.root().items) rows.push_back(file.tensor(*item, path.filename().string()));
    return at::stack(rows);
  } catch (const CheckpointError& error) {
    fail<DataError>("{}", error.what());
  }
}

/// A list of whole numbers, pickled (.pkl) or saved by torch (.pth).
std::vector<int64_t> load_lengths(const fs::path& path) {
  if (path.extension() == ".pth") {
    const Tensor values = load_tensor(path).to(at::kLong).flatten().contiguous();
    return {values.const_data_ptr<int64_t>(), values.const_data_ptr<int64_t>() + values.numel()};
  }
  const std::string bytes = read_file(path);
  std::vector<int64_t> lengths;
  try {
    const Pickle pickle(bytes, path.string());
    for (const auto* item : pickle.root().items) {
      if (!item->is(PickleValue::Kind::kInt)) fail<DataError>("{}: expected a list of whole numbers", path.string());
      lengths.push_back(item->integer);
    }
  } catch (const CheckpointError& error) {
    fail<DataError>("{}", error.what());
  }
  return lengths;
}

fs::path first_there(const fs::path& folder, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (fs::exists(folder / name)) return folder / name;
  return {};
}

/// DINO-WM's folders (its datasets/*_dset.py): padded arrays [episodes, T, ...] beside one video or tensor of pictures
/// an episode. Push-T's relative actions are divided by 100 and its agent velocities appended to the state, as there.
class DinoWmSource : public EpisodeSource {
 public:
  DinoWmSource(const fs::path& path, const SourceOptions& options) : EpisodeSource(path) {
    info_.format = "dino_wm";
    if (fs::exists(path / "states.pth"))
      take(path);
    else
      for (const char* part : {"train", "val"})
        if (fs::exists(path / part / "states.pth")) take(path / part);
    check_pictures();
    for (const auto& [name, values] : parts_.front().columns)
      info_.columns.push_back({name, values.scalar_type(), values.sizes().slice(2).vec()});
    opened(options);
  }

 protected:
  Tensor read_rows(int64_t episode, const std::string& name, int64_t first, int64_t count) const override {
    if (name == "pixels") return read_chosen(episode, name, rows_from(first, 1, count));
    const auto& [part, index] = places_[static_cast<size_t>(episode)];
    return parts_[part].columns.at(name)[index].narrow(0, first, count);
  }

  Tensor read_chosen(int64_t episode, const std::string&, std::span<const int64_t> rows) const override {
    const auto& [part, index] = places_[static_cast<size_t>(episode)];
    const fs::path stem = parts_[part].folder / "obses" / fmt::format("episode_{:03}", index);
    if (const fs::path video = stem.string() + ".mp4"; fs::exists(video)) return videos_.frames(video, rows);
    Tensor frames = load_tensor(stem.string() + ".pth");
    if (frames.dim() != 4 || (frames.size(3) != 3 && frames.size(1) != 3))
      fail<DataError>("{}.pth: expected pictures [T, H, W, 3], got {}", stem.string(), foresee::describe(frames));
    if (frames.size(3) != 3) frames = frames.permute({0, 2, 3, 1});
    std::vector<Tensor> taken;
    for (const int64_t row : rows) {
      if (row >= frames.size(0))
        fail<DataError>("{}.pth: holds {} pictures, and row {} is asked for", stem.string(), frames.size(0), row);
      taken.push_back(frames[row]);
    }
    Tensor out = at::stack(taken);
    if (out.scalar_type() != at::kByte) out = out.round().clamp(0, 255).to(at::kByte);
    return out.contiguous();
  }

 private:
  /// Size and number of an episode's pictures. @throws DataError.
  std::pair<std::vector<int64_t>, int64_t> pictures_of(int64_t episode) const {
    const auto& [part, index] = places_[static_cast<size_t>(episode)];
    const fs::path film = parts_[part].folder / "obses" / fmt::format("episode_{:03}.mp4", index);
    if (fs::exists(film)) {
      const VideoInfo info = videos_.info(film);
      return {{info.height, info.width, 3}, info.frame_count};
    }
    const int64_t last = info_.lengths[static_cast<size_t>(episode)] - 1;
    return {DinoWmSource::read_chosen(episode, "pixels", std::vector<int64_t>{last}).sizes().slice(1).vec(), last + 1};
  }

  void check_pictures() {
    std::optional<std::vector<int64_t>> usual;
    for (int64_t e = 0; e < static_cast<int64_t>(info_.lengths.size()); ++e) {
      try {
        const auto [shape, count] = pictures_of(e);
        if (!usual) usual = shape;
        if (shape != *usual)
          fail<DataError>("pictures of {} x {}, of the others {} x {}", shape[0], shape[1], usual->at(0), usual->at(1));
        if (count < info_.lengths[static_cast<size_t>(e)])
          fail<DataError>("its film holds {} frames of {} rows", count, info_.lengths[static_cast<size_t>(e)]);
      } catch (const DataError& error) {
        leave_out(e, error.what());
      }
    }
    if (usual) info_.columns.push_back({"pixels", at::kByte, *usual});
  }

  struct Part {
    fs::path folder;
    TensorMap columns;  // [episodes, T, ...]
  };

  void take(const fs::path& folder) {
    Part part{folder, {}};
    const fs::path actions = first_there(folder, {"rel_actions.pth", "actions.pth", "abs_actions.pth"});
    if (actions.empty()) fail<DataError>("{}: no actions.pth or rel_actions.pth", folder.string());
    Tensor state = load_tensor(folder / "states.pth"), action = load_tensor(actions).to(at::kFloat);
    const bool relative = actions.filename() == "rel_actions.pth";
    if (relative) action = action / kPushTScale;
    if (state.dim() != 3 || action.dim() != 3 || state.size(0) != action.size(0))
      fail<DataError>("{}: expected states and actions [episodes, T, ...], got {} and {}", folder.string(),
                      foresee::describe(state), foresee::describe(action));
    if (fs::exists(folder / "velocities.pth")) {
      const Tensor velocity = load_tensor(folder / "velocities.pth").to(state.scalar_type());
      part.columns["proprio"] = at::cat({state.slice(2, 0, 2), velocity}, 2);
      state = at::cat({state, velocity}, 2);
    }
    part.columns["state"] = state;
    part.columns["action"] = action;
    const int64_t episodes = state.size(0), rows = std::min(state.size(1), action.size(1));
    for (const char* name : {"door_locations", "wall_locations"}) {
      if (!fs::exists(folder / (std::string(name) + ".pth"))) continue;
      Tensor values = load_tensor(folder / (std::string(name) + ".pth"));
      if (values.dim() < 1 || values.size(0) != episodes) continue;
      if (values.dim() < 2 || values.size(1) != state.size(1))  // one of the whole episode: said in every row
        values = values.flatten(1).unsqueeze(1).expand({episodes, rows, -1});
      part.columns[name] = values;
    }
    const fs::path counted = first_there(folder, {"seq_lengths.pkl", "seq_lengths.pth"});
    std::vector<int64_t> lengths(static_cast<size_t>(episodes), rows);
    if (!counted.empty()) lengths = load_lengths(counted);
    if (static_cast<int64_t>(lengths.size()) != episodes)
      fail<DataError>("{}: {} lengths of {} episodes", counted.string(), lengths.size(), episodes);
    for (int64_t e = 0; e < episodes; ++e) {
      const int64_t length = lengths[static_cast<size_t>(e)];
      if (length < 1 || length > rows)
        fail<DataError>("{}: episode {} has {} rows of {}", counted.string(), e, length, rows);
      info_.lengths.push_back(length);
      places_.emplace_back(parts_.size(), e);
    }
    parts_.push_back(std::move(part));
  }

  std::vector<Part> parts_;
  std::vector<std::pair<size_t, int64_t>> places_;  // of each episode: part and number there
  mutable VideoShelf videos_;
};

}  // namespace

std::unique_ptr<EpisodeSource> open_dino_wm(const fs::path& path, const SourceOptions& options) {
  return std::make_unique<DinoWmSource>(path, options);
}

}  // namespace foresee::data
