// Claims: the processor is described in words that a reader can use.
#include "jepa/core/cpu/about.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace foresee {
namespace {

TEST(CpuAbout, NamesTheProcessorAndTheUnitsThatItHas) {
  EXPECT_FALSE(cpu_name().empty());
  EXPECT_EQ(cpu_name().find('\n'), std::string::npos);
  const auto units = cpu_features();
  const auto named = [&](const char* unit) { return std::find(units.begin(), units.end(), unit) != units.end(); };
  __builtin_cpu_init();
  EXPECT_EQ(named("avx2"), __builtin_cpu_supports("avx2") != 0);
  EXPECT_EQ(named("avx512f"), __builtin_cpu_supports("avx512f") != 0);
}

}  // namespace
}  // namespace foresee
