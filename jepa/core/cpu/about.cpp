#include "jepa/core/cpu/about.h"

#include <fstream>

namespace foresee {
namespace {

/// The value of the first line of /proc/cpuinfo with this key.
std::string cpu_line(const std::string& key) {
  std::ifstream in("/proc/cpuinfo");
  std::string line;
  while (std::getline(in, line))
    if (const size_t colon = line.find(": "); line.starts_with(key) && colon != std::string::npos)
      return line.substr(colon + 2);
  return {};
}

}  // namespace

std::string cpu_name() {
  const std::string name = cpu_line("model name");
  return name.empty() ? "unknown" : name;
}

std::vector<std::string> cpu_features() {
  const std::string line = " " + cpu_line("flags") + " ";
  std::vector<std::string> found;
  for (const char* feature : {"avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8"})
    if (line.find(" " + std::string(feature) + " ") != std::string::npos) found.emplace_back(feature);
  return found;
}

}  // namespace foresee
