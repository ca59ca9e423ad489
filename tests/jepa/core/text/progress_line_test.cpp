#include "jepa/core/text/progress_line.h"

#include <gtest/gtest.h>

namespace foresee {
namespace {

ProgressUpdate forty_of_hundred() {
  return {.label = "train", .done = 40, .total = 100, .unit = "steps", .note = "loss 0.31"};
}

TEST(ProgressLine, IsPlainInALog) {
  EXPECT_EQ(progress_line(forty_of_hundred(), 20, 12, 0), "train 40/100 steps, 12/s, ETA 5 s, loss 0.31");
}

TEST(ProgressLine, FitsTheTerminal) {
  EXPECT_EQ(progress_line(forty_of_hundred(), 20, 12, 100),
            "train [=========               ] 40/100 steps, 12/s, ETA 5 s, loss 0.31");
  for (int width = 1; width < 120; ++width)
    EXPECT_LT(progress_line(forty_of_hundred(), 20, 12, width).size(), static_cast<size_t>(std::max(width, 2)));
  EXPECT_EQ(progress_line(forty_of_hundred(), 20, 12, 40), "train 40/100 steps, 12/s, ETA 5 s");
}

TEST(ProgressLine, ShowsNoBarOfWorkWhoseEndIsUnknown) {
  EXPECT_EQ(progress_line({.label = "scan", .done = 7, .unit = "files"}, 2, 3.5, 100), "scan 7 files, 3.5/s, ETA ?");
}

TEST(ProgressLine, ShowsNoControlCodes) {
  auto update = forty_of_hundred();
  update.note = "clip \x1b[2J";
  EXPECT_EQ(progress_line(update, 20, 12, 0).find('\x1b'), std::string::npos);
}

TEST(RecentRate, IsThatOfTheLastHalfMinute) {
  RecentRate rate;
  EXPECT_EQ(rate.per_second(), 0);
  int64_t done = 0;
  for (int second = 0; second <= 100; ++second) rate.add(second, done += 10);
  EXPECT_NEAR(rate.per_second(), 10, 1e-9);
  for (int second = 101; second <= 160; ++second) rate.add(second, done += 1);
  EXPECT_NEAR(rate.per_second(), 1, 0.01);
  for (int i = 0; i < 100'000; ++i) rate.add(160 + i * 1e-4, done);  // many calls stay few points
  EXPECT_LT(rate.per_second(), 1);
}

}  // namespace
}  // namespace foresee
