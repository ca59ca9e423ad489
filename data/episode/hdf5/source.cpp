#include "data/episode/source.h"

#include <algorithm>

#include "data/episode/formats/joined_source.h"
#include "data/episode/hdf5/episode_file.h"
#include "data/episode/hdf5/grouped.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

/// stable-worldmodel's HDF5, both layouts.
class Hdf5Source : public EpisodeSource {
 public:
  Hdf5Source(const fs::path& path, const SourceOptions& options, bool one_episode)
      : EpisodeSource(path), file_(path, one_episode) {
    info_.format = "hdf5";
    int64_t row = 0;
    for (int64_t e = 0; e < file_.episodes(); ++e) {
      info_.lengths.push_back(file_.length(e));
      info_.ids.push_back(file_.id(e));
      if (file_.length(e) == 0) leave_out(e, "ep_len gives it no row");
      in_order_ = in_order_ && file_.offset(e) == row;
      row += file_.length(e);
    }
    in_order_ = in_order_ && row == file_.rows();
    info_.columns = file_.columns();
    info_.unread = file_.unread();
    info_.notes = file_.notes();
    info_.flaws = file_.flaws();
    opened(options);
  }

  Tensor read_all(const std::string& name) const override {
    return in_order_ && !column(name).picture() ? file_.read(stored(column(name).name), 0, file_.rows())
                                                : EpisodeSource::read_all(name);
  }

 protected:
  Tensor read_rows(int64_t episode, const std::string& name, int64_t first, int64_t count) const override {
    return file_.read(name, file_.offset(episode) + first, count);
  }
  void read_planes(int64_t episode, const std::string& name, int64_t first, int64_t step, int64_t count,
                   uint8_t* planes) const override {
    if (!file_.has_pictures(name)) return EpisodeSource::read_planes(episode, name, first, step, count, planes);
    file_.read_pictures(name, file_.offset(episode) + first, step, count, planes);
  }

 private:
  EpisodeFile file_;
  bool in_order_ = true;  // rows of the file are the episodes, one after the other, and nothing else
};

/// @param one_episode  what a file is that says nothing of episodes: one of a folder with a file for each.
std::unique_ptr<EpisodeSource> open_file(const fs::path& path, const SourceOptions& options, bool one_episode) {
  if (auto grouped = open_grouped(path, options)) return grouped;
  return std::make_unique<Hdf5Source>(path, options, one_episode);
}

}  // namespace

std::unique_ptr<EpisodeSource> open_hdf5(const fs::path& path, const SourceOptions& options) {
  if (!fs::is_directory(path)) return open_file(path, options, /*one_episode=*/false);
  std::vector<fs::path> files = files_below(path, {".h5", ".hdf5"});
  if (files.size() == 1) return open_file(files.front(), options, /*one_episode=*/false);
  return open_joined(path, std::move(files), options, [](const fs::path& file, const SourceOptions& of_file) {
    return open_file(file, of_file, /*one_episode=*/true);
  });
}

}  // namespace foresee::data
