#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace foresee {

/// Processors' worth of time that a control group (a container) may take, by its own files and those of the groups
/// around it: cpu.max, or cpu.cfs_quota_us and cpu.cfs_period_us of the older kind. Nothing: without limit.
/// @param groups  where control groups are mounted. @param membership  which ones this process is in.
std::optional<double> cpu_quota(const std::filesystem::path& groups = "/sys/fs/cgroup",
                                const std::filesystem::path& membership = "/proc/self/cgroup");

/// Processors that this process can really use: those it may run on (taskset, cpusets), and no more than its
/// cpu_quota(), rounded; at least 1. More threads than that take the time from each other.
int64_t usable_cpus();

}  // namespace foresee
