// Claims: inspect lists what files hold, through the public header alone.
#include "foresee/inspect.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace foresee {
namespace {

TEST(Inspect, ListsTheTensorsOfAModelFolder) {
  const InspectResult found = inspect({.path = "tools/assets/two_room"});
  EXPECT_EQ(found.family, "lewm");
  EXPECT_FALSE(found.description.empty());
  EXPECT_EQ(found.declared, "\"lewm\"");
  int64_t elements = 0;
  for (const TensorInfo& tensor : found.tensors) {
    int64_t count = 1;
    for (const int64_t size : tensor.shape) count *= size;
    elements += count;
    EXPECT_EQ(tensor.file, "model.safetensors");
    EXPECT_FALSE(tensor.dtype.empty());
  }
  EXPECT_GT(found.tensors.size(), 50u);
  EXPECT_EQ(found.elements, elements);
  EXPECT_GE(found.bytes, elements);
}

TEST(Inspect, ReadsNumbersBesideTensorsAndNamesWhatItDoesNotRead) {
  const InspectResult found = inspect({.path = "tests/fixtures/vjepa2/official_pt/stray_class.pt"});
  const auto epoch =
      std::find_if(found.values.begin(), found.values.end(), [](const auto& v) { return v.first == "epoch"; });
  ASSERT_NE(epoch, found.values.end());
  EXPECT_TRUE(std::holds_alternative<int64_t>(epoch->second));
  EXPECT_EQ(found.foreign, std::vector<std::string>{"args: argparse.Namespace"});
  EXPECT_EQ(found.family, "vjepa2");
}

TEST(Inspect, RefusesWhatIsNoWeightFile) {
  EXPECT_THROW(inspect({.path = "no/such/file"}), CheckpointError);
  EXPECT_THROW(inspect({.path = "README.md"}), CheckpointError);
  EXPECT_THROW(inspect({.path = "tests/fixtures/vjepa2/official_pt/truncated.pt"}), CheckpointError);
}

TEST(Inspect, EndsWhenItIsStopped) {
  std::stop_source stop;
  stop.request_stop();
  JobControl job;
  job.stop = stop.get_token();
  EXPECT_THROW(inspect({.path = "tools/assets/two_room"}, job), Error);
}

}  // namespace
}  // namespace foresee
