#pragma once

#include <string>

#include "jepa/core/tensor.h"

namespace cv {
class Mat;
}

namespace foresee {

// What drawings share. A canvas is 8-bit RGB; its type is only named here, so that headers stay free of OpenCV.

struct Colour {
  int red = 40, green = 40, blue = 40;
};

/// @param x, y  pixels, where the line of text stands on the left.
void draw_text(cv::Mat& canvas, const std::string& words, int x, int y, const Colour& colour = {});
/// A picture scaled to a height; its width follows. @param picture  uint8 [H, W, 3].
cv::Mat scaled_picture(const Tensor& picture, int height);
/// A copy. @returns uint8 [3, H, W], RGB.
Tensor picture_of(const cv::Mat& canvas);

}  // namespace foresee
