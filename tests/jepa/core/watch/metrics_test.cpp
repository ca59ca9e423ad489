#include "jepa/core/watch/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

TEST(Metrics, AResumedRunDropsRowsAfterItsCheckpoint) {
  const TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  {
    MetricsWriter writer(path, 0);
    for (int64_t step : {1, 2, 3}) writer.write(step, {{"loss", 1.0 / static_cast<double>(step)}, {"bad", NAN}});
  }
  std::ofstream(path, std::ios::app) << "{\"step\": 4, \"lo";  // torn by a kill
  {
    MetricsWriter writer(path, 2);
    writer.write(3, {{"loss", 7.0}});
  }
  const auto rows = read_metrics(path);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[2].first, 3);
  EXPECT_EQ(metric(rows[2].second, "loss"), 7.0);
  EXPECT_TRUE(std::isnan(metric(rows[0].second, "bad")));
  EXPECT_EQ(metric(rows[1].second, "loss"), 0.5);
}

}  // namespace
}  // namespace foresee
