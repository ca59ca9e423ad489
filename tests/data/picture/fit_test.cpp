#include "data/picture/fit.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "data/picture/resize.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

/// Grey in the middle half of its width, black beside it.
Tensor middle_grey(int64_t height, int64_t width) {
  Tensor picture = at::zeros({3, height, width}, at::kByte);
  picture.narrow(2, width / 4, width / 2).fill_(200);
  return picture;
}

TEST(FitPicture, RulesKeepWhatTheyPromise) {
  const Tensor wide = middle_grey(48, 96);
  const Tensor resized = fit_picture(wide, {.size = 24, .rule = PictureRule::kResize});
  EXPECT_TRUE(at::equal(resized, resize_pillow_bilinear(wide, 24, 24)));
  const Tensor cropped = fit_picture(wide, {.size = 24, .rule = PictureRule::kCrop});
  EXPECT_GE(cropped.slice(2, 1, 23).min().item<int64_t>(), 199) << "the central square is grey";
  const Tensor padded = fit_picture(wide, {.size = 24, .rule = PictureRule::kPad});
  EXPECT_EQ(padded.slice(1, 0, 6).max().item<int64_t>(), 0) << "black above";
  EXPECT_EQ(padded.slice(1, 18, 24).max().item<int64_t>(), 0) << "and below";
  EXPECT_GE(padded[0][12][12].item<int64_t>(), 199);
  for (const auto rule : {PictureRule::kResize, PictureRule::kCrop, PictureRule::kPad})
    EXPECT_EQ(fit_picture(middle_grey(97, 31), {.size = 20, .width = 50, .rule = rule}).sizes(),
              (std::vector<int64_t>{3, 20, 50}));
  EXPECT_THROW(fit_picture(wide, {.size = 0}), Error);
}

TEST(FitViews, EveryCameraHasItsCell) {
  std::vector<Tensor> views;
  for (const int64_t grey : {40, 90, 140}) views.push_back(at::full({3, 30 + grey, 50}, grey, at::kByte));
  const Tensor two = fit_views(std::span(views).first(2), {.size = 32});
  EXPECT_EQ(two[0][5][3].item<int64_t>(), 40);
  EXPECT_EQ(two[0][5][28].item<int64_t>(), 90);
  const Tensor three = fit_views(views, {.size = 32});
  EXPECT_EQ(three[0][28][3].item<int64_t>(), 140);
  EXPECT_EQ(three[0][28][28].item<int64_t>(), 0);
  EXPECT_TRUE(at::equal(fit_views(std::span(views).first(1), {.size = 32}), fit_picture(views[0], {.size = 32})));
}

}  // namespace
}  // namespace foresee::data
