#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jepa/core/tensor.h"
#include "tools/report/html.h"

namespace foresee::report {

/// A picture that the report carries in itself.
struct Picture {
  std::vector<unsigned char> png;
  std::string label;
};

/// @param image  uint8 [3, H, W], RGB. @param scale  pixels are repeated this often in both directions.
Picture make_picture(const Tensor& image, std::string label, int64_t scale = 1);

/// An episode as pictures: what happened, and what was asked for.
struct FilmStrip {
  std::string caption;
  bool success = false;
  std::vector<Picture> frames;
  std::optional<Picture> goal;
  std::optional<Picture> whole{};  // the strip as one wide picture, in place of frames and goal
};

/// What is said of strips.
struct StripWords {
  std::string good = "reached", bad = "failed", none_bad = "No episode failed.";
  std::string more_good = "more that reached the goal";  // behind a number
};

/// Failures first and all of them; then `successes` successes, the others behind a fold. @pre successes >= 0.
Html draw_strips(std::vector<FilmStrip> strips, int64_t successes = 4, const StripWords& words = {});

/// Pictures of the same moments, one row below the other.
struct PictureRow {
  std::string label;
  std::vector<Picture> pictures;
  bool pixels = false;  // shown with hard pixels: one is one patch
};

/// @pre every row holds the same number of pictures.
Html draw_rows(const std::vector<PictureRow>& rows, const std::string& caption);

}  // namespace foresee::report
