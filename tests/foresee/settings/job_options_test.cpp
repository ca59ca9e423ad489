// What every job makes of its options: the device, the threads and the rules of its result.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "foresee/settings/device.h"
#include "foresee/settings/job_output.h"
#include "foresee/settings/settings_json.h"
#include "foresee/settings/threads.h"
#include "jepa/core/error.h"

namespace foresee {
namespace {

TEST(JobOptions, ComputeOnTheGpuWhereThereIsOne) {
  EXPECT_TRUE(job_device(Device::kCpu).is_cpu());
  EXPECT_EQ(job_device(Device::kAuto).is_cuda(), at::hasCUDA());
  if (at::hasCUDA())
    EXPECT_TRUE(job_device(Device::kCuda).is_cuda());
  else
    EXPECT_THROW(job_device(Device::kCuda), Error);
}

TEST(JobOptions, SetTheThreadsForTheJobAlone) {
  const int before = at::get_num_threads();
  {
    const JobThreads threads(before + 1);
    EXPECT_EQ(threads.count(), before + 1);
    EXPECT_EQ(at::get_num_threads(), before + 1);
  }
  EXPECT_EQ(at::get_num_threads(), before);
  EXPECT_EQ(JobThreads(0).count(), before);
  EXPECT_THROW(JobThreads(-1), Error);
}

TEST(JobOptions, GuardTheConfigFileAgainstTheResult) {
  const OutputRules rules = job_output({.settings = {.config = "keys.json"}, .overwrite = true}, {"model"}, {"videos"});
  EXPECT_TRUE(rules.overwrite);
  EXPECT_EQ(rules.inputs, (std::vector<std::filesystem::path>{"model", "keys.json"}));
  EXPECT_EQ(rules.input_folders, std::vector<std::filesystem::path>{"videos"});
}

TEST(JobOptions, MessagesNameTheConfigFile) {
  EXPECT_EQ(settings_place({.set = {"a=1"}}, "eval"), "eval");
  EXPECT_EQ(settings_place({.config = "keys.json"}, "eval"), "keys.json: eval");
  EXPECT_EQ(settings_place({.config = "keys.json", .set = {"a=1"}}, "eval"), "keys.json and single keys: eval");
}

}  // namespace
}  // namespace foresee
