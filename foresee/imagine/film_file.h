#pragma once

#include <filesystem>
#include <span>

#include "foresee/imagine/imagined.h"
#include "foresee/view/film.h"
#include "jepa/core/files/output.h"

namespace foresee {

/// A film as it is put together: real pictures above what was imagined of the same moments.
class FilmMaker {
 public:
  /// @param model, bank  outlive it. @param real  what the row of real pictures shows.
  FilmMaker(const WorldModel& model, const FrameBank& bank, const std::string& real);
  /// Adds a moment. @param real  uint8 [3, H, W], RGB; undefined: none. @param latent  float [...], without batch;
  /// undefined: nothing was imagined.
  void add(FilmMoment moment, const FilmCell& real, const Tensor& latent);
  /// How far each latent was from its nearest frame.
  const std::vector<double>& distances() const { return distances_; }
  Film take(std::vector<std::string> titles);

 private:
  const WorldModel& model_;
  const FrameBank& bank_;
  Film film_;
  std::vector<double> distances_;
};

/// Claims the place of a film. @param member  of the request, for messages.
/// @throws RequestError unless its name ends in .png or .mp4; as Output::file.
Output claim_film(const std::filesystem::path& path, const char* member, const OutputRules& rules);

/// Writes films: a PNG holds their strips below each other, a video shows one after the other, two moments per second.
/// @param films  with the same rows and as many titles. @throws Error.
void write_films(const std::filesystem::path& path, std::span<const Film> films);

/// Pictures below each other on white paper, at the left. @param pictures  uint8 [3, H, W], RGB. @returns the same.
Tensor below_each_other(const std::vector<Tensor>& pictures);

}  // namespace foresee
