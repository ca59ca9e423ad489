#include "planner/eval/surprise/pair_strip.h"

#include <algorithm>
#include <cmath>

#include "data/picture/resize.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/eval/film_strip.h"

namespace foresee::planner {
namespace {

constexpr int64_t kMostPictures = 12;
constexpr int64_t kSpace = 2, kBetween = 12, kBarHeight = 36, kMark = 3;  // pixels

/// Which pictures of an episode are shown.
std::vector<int64_t> shown_pictures(int64_t length, const std::optional<int64_t>& at) {
  const int64_t count = std::min(length, kMostPictures);
  const int64_t first = at ? std::clamp<int64_t>(*at - count / 2, 0, length - count) : 0;
  std::vector<int64_t> out;
  for (int64_t i = 0; i < count; ++i) {
    const bool evenly = !at && length > count;
    out.push_back(evenly ? i * (length - 1) / (count - 1) : first + i);
  }
  return out;
}

/// The score that is drawn below a picture: none for those that the first window only sees.
std::optional<size_t> score_below(const Witness& witness, int64_t picture, size_t scores) {
  if (picture < witness.window / 2) return std::nullopt;
  return std::min(static_cast<size_t>(witness.first_score(picture)), scores - 1);
}

/// One episode of a pair on the strip.
struct StripRow {
  const Tensor& pictures;  // uint8 [T, 3, S, S]
  const std::vector<double>& scores;
  double scale = 1;             // the score of a bar of full height
  std::optional<int64_t> mark;  // picture with an orange frame
};

void draw_bar(Tensor& strip, const StripRow& row, size_t score, int64_t y, int64_t x, int64_t width) {
  const double share = row.scale > 0 ? row.scores[score] / row.scale : 0;
  const auto height = std::clamp<int64_t>(std::llround(share * kBarHeight), 1, kBarHeight);
  const bool largest = row.scores[score] == *std::max_element(row.scores.begin(), row.scores.end());
  const Tensor colour = largest ? strip_colour(30, 50, 90) : strip_colour(150, 170, 200);
  put_into_strip(strip, colour.expand({3, height, width / 2}), y + kBarHeight - height, x + width / 4);
}

void draw_row(Tensor& strip, const StripRow& row, const std::vector<int64_t>& shown, const Witness& witness, int64_t y,
              int64_t size) {
  for (size_t i = 0; i < shown.size(); ++i) {
    const int64_t x = static_cast<int64_t>(i) * (size + kSpace);
    Tensor picture = data::resize_pillow_bilinear(row.pictures[shown[i]].contiguous(), size, size).clone();
    if (row.mark == shown[i])
      for (const int64_t axis : {1, 2})
        for (const int64_t from : {int64_t{0}, size - kMark})
          picture.narrow(axis, from, kMark).copy_(strip_colour(240, 140, 0));
    put_into_strip(strip, picture, y, x);
    if (const auto score = score_below(witness, shown[i], row.scores.size()))
      draw_bar(strip, row, *score, y + size + kSpace, x, size);
  }
}

}  // namespace

Tensor pair_strip(const ViolationPair& pair, const PairScores& scores, const Witness& witness, int64_t size) {
  FORESEE_CHECK(!scores.changed.empty() && scores.changed.size() == scores.unchanged.size(),
                "expected scores of both episodes, got {} and {}", scores.changed.size(), scores.unchanged.size());
  const std::vector<int64_t> shown = shown_pictures(pair.changed.size(0), pair.at);
  const auto largest = [](const std::vector<double>& values) {
    return *std::max_element(values.begin(), values.end());
  };
  const double scale = std::max(largest(scores.changed), largest(scores.unchanged));
  const int64_t height = size + kSpace + kBarHeight, count = std::ssize(shown);
  Tensor strip = empty_strip(2 * height + kBetween, count * size + (count - 1) * kSpace, scores.found);
  draw_row(strip, {pair.changed, scores.changed, scale, pair.at}, shown, witness, 0, size);
  draw_row(strip, {pair.unchanged, scores.unchanged, scale, std::nullopt}, shown, witness, height + kBetween, size);
  return strip;
}

}  // namespace foresee::planner
