#include "foresee/view/film.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "foresee/view/canvas.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr int kFilmGap = 4, kFilmLine = 15;  // pixels
constexpr double kLetter = 6.5;              // pixels, of text
const Colour kFilmInk, kMark{205, 50, 50};
const cv::Scalar kFilmPaper(255, 255, 255), kEmpty(240, 240, 240);

/// Words cut to a width.
void write(cv::Mat& canvas, std::string words, int x, int y, int width, const Colour& colour = kFilmInk) {
  const auto most = static_cast<size_t>(std::max(1.0, width / kLetter));
  if (words.size() > most) words = words.substr(0, most > 3 ? most - 3 : most) + (most > 3 ? "..." : "");
  draw_text(canvas, words, x, y + kFilmLine - 4, colour);
}

/// A picture fitted into a square, and what is below it.
void place(cv::Mat& canvas, const FilmCell& cell, int x, int y, int size, bool marked) {
  if (cell.picture.defined()) {
    const cv::Rect box(x, y, size, size);
    const auto height = cell.picture.size(1), width = cell.picture.size(2);
    const int tall = static_cast<int>(height >= width ? size : std::max<int64_t>(1, size * height / width));
    const cv::Mat picture = scaled_picture(cell.picture.permute({1, 2, 0}), tall);
    const int wide = std::min(picture.cols, size);
    cv::rectangle(canvas, box, kEmpty, cv::FILLED);
    picture(cv::Rect(0, 0, wide, tall))
        .copyTo(canvas(cv::Rect(x + (size - wide) / 2, y + (size - tall) / 2, wide, tall)));
    if (marked) cv::rectangle(canvas, box, cv::Scalar(kMark.red, kMark.green, kMark.blue), 3);
  }
  write(canvas, cell.text, x, y + size, size, marked ? kMark : kFilmInk);
}

void check(const Film& film, int64_t size) {
  FORESEE_CHECK(!film.rows.empty() && !film.moments.empty() && size >= 32,
                "expected a film with rows and moments and 32 pixels, got {}, {} and {}", film.rows.size(),
                film.moments.size(), size);
  for (const FilmMoment& moment : film.moments)
    FORESEE_CHECK(moment.cells.size() == film.rows.size(), "expected {} cells at every moment, got {} at '{}'",
                  film.rows.size(), moment.cells.size(), moment.title);
}

/// Paper with the titles written. @returns where what follows begins.
int write_titles(cv::Mat& canvas, const Film& film) {
  int y = kFilmGap;
  for (const std::string& title : film.titles) {
    write(canvas, title, kFilmGap, y, canvas.cols - 2 * kFilmGap);
    y += kFilmLine;
  }
  return y;
}

}  // namespace

Tensor draw_film(const Film& film, int64_t size) {
  check(film, size);
  const int side = static_cast<int>(size), cell = side + kFilmGap;
  const int line = kFilmLine + side + kFilmLine + kFilmGap;  // of a row: what it shows, pictures, texts
  const int titles = static_cast<int>(film.titles.size()) + 1;
  cv::Mat canvas(2 * kFilmGap + titles * kFilmLine + static_cast<int>(film.rows.size()) * line,
                 kFilmGap + static_cast<int>(film.moments.size()) * cell, CV_8UC3, kFilmPaper);
  const int top = write_titles(canvas, film);
  for (size_t r = 0; r < film.rows.size(); ++r)
    write(canvas, film.rows[r], kFilmGap, top + kFilmLine + static_cast<int>(r) * line, canvas.cols - 2 * kFilmGap);
  for (size_t m = 0; m < film.moments.size(); ++m) {
    const FilmMoment& moment = film.moments[m];
    const int x = kFilmGap + static_cast<int>(m) * cell;
    write(canvas, moment.title, x, top, side, moment.marked ? kMark : kFilmInk);
    for (size_t r = 0; r < moment.cells.size(); ++r)
      place(canvas, moment.cells[r], x, top + 2 * kFilmLine + static_cast<int>(r) * line, side, moment.marked);
  }
  return picture_of(canvas);
}

Tensor draw_moment(const Film& film, size_t index, int64_t size) {
  check(film, size);
  const FilmMoment& moment = film.moments.at(index);
  const int side = static_cast<int>(size), cell = side + kFilmGap, lines = static_cast<int>(film.titles.size()) + 3;
  const auto even = [](int pixels) { return (pixels + 1) / 2 * 2; };
  cv::Mat canvas(even(2 * kFilmGap + lines * kFilmLine + side),
                 even(kFilmGap + static_cast<int>(film.rows.size()) * cell), CV_8UC3, kFilmPaper);
  const int top = write_titles(canvas, film);
  write(canvas, moment.title, kFilmGap, top, canvas.cols - 2 * kFilmGap, moment.marked ? kMark : kFilmInk);
  for (size_t r = 0; r < film.rows.size(); ++r) {
    const int x = kFilmGap + static_cast<int>(r) * cell;
    write(canvas, film.rows[r], x, top + kFilmLine, side);
    place(canvas, moment.cells[r], x, top + 2 * kFilmLine, side, moment.marked);
  }
  return picture_of(canvas);
}

}  // namespace foresee
