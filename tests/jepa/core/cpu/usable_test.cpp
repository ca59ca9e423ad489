// Claims: threads follow what a container may take and where a process may run, of both kinds of control groups.
#include "jepa/core/cpu/usable.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <fstream>

#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

TEST(CpuQuota, IsReadFromGroupsOfTheNewerKind) {
  const TemporaryFolder folder;
  const fs::path root = folder.path();
  write(root / "self", "0::/a/b\n");
  EXPECT_EQ(cpu_quota(root / "groups", root / "self"), std::nullopt) << "no file, no limit";
  write(root / "groups/a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(cpu_quota(root / "groups", root / "self"), std::nullopt);
  write(root / "groups/a/cpu.max", "150000 100000\n");
  EXPECT_EQ(cpu_quota(root / "groups", root / "self"), 1.5) << "the group around it counts";
  write(root / "groups/a/b/cpu.max", "50000 100000\n");
  EXPECT_EQ(cpu_quota(root / "groups", root / "self"), 0.5);
  write(root / "groups/cpu.max", "20000 100000\n");
  EXPECT_EQ(cpu_quota(root / "groups", root / "self"), 0.2) << "a container sees its own group as the root";
}

TEST(CpuQuota, IsReadFromGroupsOfTheOlderKind) {
  const TemporaryFolder folder;
  const fs::path root = folder.path();
  write(root / "self", "5:memory:/m\n4:cpu,cpuacct:/docker/1\n0::/\n");
  write(root / "groups/cpu,cpuacct/docker/1/cpu.cfs_quota_us", "-1\n");
  write(root / "groups/cpu,cpuacct/docker/1/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpu_quota(root / "groups", root / "self"), std::nullopt);
  write(root / "groups/cpu/cpu.cfs_quota_us", "300000\n");
  write(root / "groups/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpu_quota(root / "groups", root / "self"), 3.0);
  write(root / "self", "nonsense\n");
  EXPECT_EQ(cpu_quota(root / "groups", root / "self"), std::nullopt);
}

TEST(UsableCpus, AreThoseThatTheProcessMayRunOn) {
  cpu_set_t before, one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &before)) {
      CPU_SET(cpu, &one);
      break;
    }
  EXPECT_LE(usable_cpus(), CPU_COUNT(&before));
  ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(usable_cpus(), 1);
  ::sched_setaffinity(0, sizeof(before), &before);
}

}  // namespace
}  // namespace foresee
