#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace foresee {

/// Keys of a job's config, as `foresee config` lists them. An unknown key is a ConfigError with the nearest known one.
struct Settings {
  std::optional<std::filesystem::path> config{};  // JSON file laid over the defaults
  std::vector<std::string> set{};                 // "a.b=c", laid over the file in this order
};

/// Where a job computes.
enum class Device {
  kAuto,  // the GPU where there is one
  kCpu,
  kCuda,  // an Error where there is none
};

/// What every job takes.
struct JobOptions {
  Settings settings{};            // config file and single keys
  Device device = Device::kAuto;  // where networks compute
  uint64_t seed = 0;              // of everything random
  int64_t threads = 0;            // CPU threads; 0: as the process is set
  bool overwrite = false;         // a result may replace an earlier one of this library
};

}  // namespace foresee
