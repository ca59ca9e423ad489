#include "jepa/core/cpu/usable.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

namespace foresee {
namespace {

namespace fs = std::filesystem;

/// Two numbers of a file, as "50000 100000"; nothing where the first is none ("max") or no limit (-1).
std::optional<double> ratio(std::ifstream first, std::ifstream second) {
  double quota = 0, period = 0;
  if (!(first >> quota)) return std::nullopt;
  if (!(second.is_open() ? second >> period : first >> period)) return std::nullopt;
  if (quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

/// The smallest quota of a folder and of those above it, up to `root`.
template <class Read>
std::optional<double> smallest(const fs::path& root, fs::path group, const Read& read) {
  std::optional<double> found;
  for (;; group = group.parent_path()) {
    const auto here = read(root / group.relative_path());
    if (here && (!found || *here < *found)) found = here;
    if (group.relative_path().empty()) return found;
  }
}

}  // namespace

std::optional<double> cpu_quota(const fs::path& groups, const fs::path& membership) {
  std::optional<double> found;
  const auto take = [&](const std::optional<double>& quota) {
    if (quota && (!found || *quota < *found)) found = quota;
  };
  std::ifstream lines(membership);
  for (std::string line; std::getline(lines, line);) {  // "4:cpu,cpuacct:/some/group", of the newer kind "0::/group"
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const fs::path group = line.substr(second + 1);
    if (controllers == ",,")
      for (const fs::path& root : {groups, groups / "unified"})
        take(smallest(root, group, [](const fs::path& folder) {
          return ratio(std::ifstream(folder / "cpu.max"), std::ifstream());
        }));
    else if (controllers.find(",cpu,") != std::string::npos)
      for (const char* mount : {"cpu", "cpu,cpuacct"})
        take(smallest(groups / mount, group, [](const fs::path& folder) {
          return ratio(std::ifstream(folder / "cpu.cfs_quota_us"), std::ifstream(folder / "cpu.cfs_period_us"));
        }));
  }
  return found;
}

int64_t usable_cpus() {
  int64_t count = std::max<int64_t>(1, std::thread::hardware_concurrency());
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) == 0) count = std::max<int64_t>(1, CPU_COUNT(&allowed));
  if (const auto quota = cpu_quota()) count = std::min(count, std::max<int64_t>(1, std::llround(*quota)));
  return count;
}

}  // namespace foresee
