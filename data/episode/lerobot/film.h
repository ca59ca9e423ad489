#pragma once

#include <string>
#include <vector>

#include "data/episode/lerobot/meta.h"
#include "data/episode/video_shelf.h"

namespace foresee::data {

// Note [Times of LeRobot]
// A row shows the frame nearest to its time, from_timestamp + timestamp, within a tolerance: half a row unless the
// caller says otherwise. So rounding to float32, a from_timestamp that drifted by some milliseconds and the jitter of a
// real clock do not matter. Where times fit no better and a film holds exactly one frame per row at the rate of the
// rows, row i is frame i. Everything else (films that run at another rate, or are shorter or longer than their rows)
// leaves the episode out: nobody can say which frame a row saw.

/// What an episode's rows need of one film.
struct FilmRows {
  std::vector<double> seconds;  // of the file's clock, one per row
  double fps = 0;               // rows per second
  bool alone = false;           // the film holds this episode and nothing else (v2.x)
  double tolerance_s = 0;       // 0: half a row
};

/// What is worth a line about the times of an episode.
struct FilmNote {
  std::string text;  // what was done with them; empty: nothing
  double off_s = 0;  // else the largest distance of a row from its frame, seconds, where it is unusual
};

/// Which frame each row shows, checked. @param note  is filled in where times needed help.
/// @throws DataError with what does not fit and the numbers.
std::vector<int64_t> film_frames(VideoShelf& films, const LeRobotEpisode::Video& film, const FilmRows& rows,
                                 FilmNote* note = nullptr);

/// Whether a film holds numbers of more than 8 bits of grey: depth.
bool is_depth_film(const VideoInfo& info);

}  // namespace foresee::data
