#include "data/episode/lerobot/film.h"

#include <cmath>
#include <numeric>

#include "jepa/core/error.h"

namespace foresee::data {
namespace {

constexpr double kRateTolerance = 0.02;     // of two rates that are the same
constexpr double kUsualTolerance_s = 1e-4;  // LeRobot's tolerance_s: what is beyond is worth a line

/// Longest time in which a film may go on behind the last row.
constexpr double kLongestRest = 1.5;  // rows

void check_length(const VideoInfo& info, const LeRobotEpisode::Video& film, const FilmRows& rows) {
  const auto count = static_cast<int64_t>(rows.seconds.size());
  const double rate = info.average_fps / rows.fps;
  const bool same_rate = info.frame_count < 2 || std::abs(rate - 1) <= kRateTolerance;
  const double needed_s = rows.seconds.back() + 0.5 / rows.fps;  // the last row's frame has begun
  if (!same_rate && (info.end_s < needed_s || rate < 1 - kRateTolerance))
    fail<DataError>(
        "{}: runs at {:.4g} frames per second and the rows at {:.4g} (info.json, timestamp): {} frames for {} rows",
        film.path.string(), info.average_fps, rows.fps, info.frame_count, count);
  if (!rows.alone) return;
  if (same_rate && info.frame_count < count)
    fail<DataError>("{}: holds {} frames and the table {} rows: {} too few", film.path.string(), info.frame_count,
                    count, count - info.frame_count);
  const double rest_s = info.end_s - info.begin_s - static_cast<double>(count) / rows.fps;
  if (rest_s * rows.fps > kLongestRest)
    fail<DataError>("{}: holds {} frames and the table {} rows: {:.0f} rows too many", film.path.string(),
                    info.frame_count, count, rest_s * rows.fps);
}

}  // namespace

bool is_depth_film(const VideoInfo& info) {
  return info.pixel_format.starts_with("gray") && info.pixel_format != "gray";
}

std::vector<int64_t> film_frames(VideoShelf& films, const LeRobotEpisode::Video& film, const FilmRows& rows,
                                 FilmNote* note) {
  const VideoInfo info = films.info(film.path);
  const auto count = static_cast<int64_t>(rows.seconds.size());
  if (count == 0) return {};
  const bool same_rate = info.frame_count < 2 || std::abs(info.average_fps / rows.fps - 1) <= kRateTolerance;
  const bool one_each = rows.alone && same_rate && info.frame_count == count;
  if (!one_each) check_length(info, film, rows);
  const double tolerance_s = rows.tolerance_s > 0 ? rows.tolerance_s : 0.5 / rows.fps;
  VideoShelf::Places places;
  std::string failure;
  try {
    places = films.places(film.path, rows.seconds, tolerance_s);
    for (size_t i = 1; i < places.frames.size() && failure.empty(); ++i)
      if (places.frames[i] <= places.frames[i - 1])
        failure = fmt::format("{}: rows {} and {} (at {:.6f} s and {:.6f} s) fall on the same frame or go back",
                              film.path.string(), i - 1, i, rows.seconds[i - 1], rows.seconds[i]);
  } catch (const DataError& error) {
    failure = error.what();
  }
  if (failure.empty()) {
    if (note != nullptr && places.worst_s > kUsualTolerance_s) note->off_s = places.worst_s;
    if (note != nullptr && !same_rate)
      note->text =
          fmt::format("films run at {:.4g} frames per second and rows at {:.4g}: frames between rows are not used",
                      info.average_fps, rows.fps);
    return places.frames;
  }
  if (!one_each || rows.tolerance_s > 0) fail<DataError>("{}", failure);
  if (note != nullptr) note->text = "times do not fit the film, which has one frame per row: row i is frame i";
  places.frames.resize(static_cast<size_t>(count));
  std::iota(places.frames.begin(), places.frames.end(), 0);
  return places.frames;
}

}  // namespace foresee::data
