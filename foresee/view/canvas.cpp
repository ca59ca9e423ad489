#include "foresee/view/canvas.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "jepa/core/torch.h"

namespace foresee {

void draw_text(cv::Mat& canvas, const std::string& words, int x, int y, const Colour& colour) {
  const cv::Scalar ink(colour.red, colour.green, colour.blue);
  cv::putText(canvas, words, {x, y}, cv::FONT_HERSHEY_SIMPLEX, 0.38, ink, 1, cv::LINE_AA);
}

cv::Mat scaled_picture(const Tensor& picture, int height) {
  const Tensor rows = picture.contiguous();
  const cv::Mat whole(static_cast<int>(rows.size(0)), static_cast<int>(rows.size(1)), CV_8UC3,
                      rows.data_ptr<uint8_t>());
  const int width = std::max(1, static_cast<int>(std::lround(static_cast<double>(height) * whole.cols / whole.rows)));
  cv::Mat out;
  cv::resize(whole, out, {width, height}, 0, 0, whole.rows > height ? cv::INTER_AREA : cv::INTER_NEAREST);
  return out;
}

Tensor picture_of(const cv::Mat& canvas) {
  return at::from_blob(canvas.data, {canvas.rows, canvas.cols, 3}, at::kByte).permute({2, 0, 1}).contiguous();
}

}  // namespace foresee
