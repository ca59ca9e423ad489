#include "foresee/imagine/film_file.h"

#include <algorithm>

#include "data/picture/image.h"
#include "data/video/encode.h"
#include "jepa/core/api/request_error.h"
#include "jepa/core/error.h"
#include "jepa/core/files/format.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr int64_t kMomentsPerSecond = 2;

}  // namespace

FilmMaker::FilmMaker(const WorldModel& model, const FrameBank& bank, const std::string& real)
    : model_(model), bank_(bank) {
  film_.rows = {real, "imagined: nearest frame, distance"};
}

void FilmMaker::add(FilmMoment moment, const FilmCell& real, const Tensor& latent) {
  moment.cells = {real, {}};
  if (latent.defined()) {
    const ImaginedPictures seen = imagined_pictures(model_, bank_, latent.unsqueeze(0));
    distances_.push_back(seen.distances.front());
    moment.cells[1] = {seen.nearest[0], fmt::format("{:.3f}", seen.distances.front())};
    if (seen.decoded.defined()) moment.cells.push_back({seen.decoded[0], {}});
  }
  film_.moments.push_back(std::move(moment));
}

Film FilmMaker::take(std::vector<std::string> titles) {
  film_.titles = std::move(titles);
  const auto has_decoder = [](const FilmMoment& moment) { return moment.cells.size() > 2; };
  if (std::any_of(film_.moments.begin(), film_.moments.end(), has_decoder)) {
    film_.rows.emplace_back("imagined: decoder");
    for (FilmMoment& moment : film_.moments) moment.cells.resize(film_.rows.size());
  }
  return std::move(film_);
}

Output claim_film(const std::filesystem::path& path, const char* member, const OutputRules& rules) {
  const FileFormat format = format_of_extension(path);
  if (format != FileFormat::kPng && format != FileFormat::kMp4)
    throw RequestError(member, fmt::format("{}: expected a name that ends in .png or .mp4", path.string()));
  return Output::file(path, format, rules);
}

Tensor below_each_other(const std::vector<Tensor>& pictures) {
  int64_t height = 0, width = 0;
  for (const Tensor& picture : pictures) {
    height += picture.size(1);
    width = std::max(width, picture.size(2));
  }
  Tensor sheet = at::full({3, height, width}, 255, at::kByte);
  int64_t y = 0;
  for (const Tensor& picture : pictures) {
    sheet.narrow(1, y, picture.size(1)).narrow(2, 0, picture.size(2)).copy_(picture);
    y += picture.size(1);
  }
  return sheet;
}

void write_films(const std::filesystem::path& path, std::span<const Film> films) {
  FORESEE_CHECK(!films.empty(), "expected at least one film");
  if (format_of_extension(path) == FileFormat::kPng) {
    std::vector<Tensor> strips;
    for (const Film& film : films) strips.push_back(draw_film(film));
    data::write_image(path, below_each_other(strips));
    return;
  }
  const Tensor first = draw_moment(films.front(), 0);
  data::EncodeOptions options;
  options.fps_numerator = kMomentsPerSecond;
  data::VideoWriter writer(path, first.size(1), first.size(2), options);
  for (const Film& film : films)
    for (size_t moment = 0; moment < film.moments.size(); ++moment) writer.write(draw_moment(film, moment));
  writer.finish();
}

}  // namespace foresee
