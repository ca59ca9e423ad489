#include <ATen/Parallel.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <thread>

#include "build_info.h"
#include "data/episode/hdf5/episode_file.h"
#include "data/episode/lerobot/table.h"
#include "data/video/backend.h"
#include "jepa/core/cpu/about.h"
#include "jepa/core/cpu/usable.h"
#include "jepa/core/memory.h"
#include "tools/cli/command.h"
#include "tools/start/cuda.h"
#include "tools/start/streams.h"

namespace foresee::tools {
namespace {

std::string episode_backend() {
  if (!data::hdf5_available()) return {};
  return data::blosc_available() ? "HDF5 with Blosc"
                                 : "HDF5, without the Blosc filter (hdf5-filter-plugin-blosc-serial)";
}

/// One part of the program: there, or what to do to have it.
struct Part {
  const char* name;
  std::string found;  // empty: absent
  const char* needed_for;
  const char* remedy;
};

int doctor(const CommonOptions& common) {
  const CudaState cuda = cuda_state();
  const double memory_gib = static_cast<double>(machine_memory()) / (1 << 30);
  const std::vector<Part> parts = {
      {"GPU", cuda.devices, "training and planning on the GPU", ""},
      {"video and pictures", data::video_backend(), "pretrain, plan, demo, film strips",
       "apt-get install libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libopencv-dev, then build again"},
      {"HDF5 episodes", episode_backend(), "data collect, train",
       "apt-get install libhdf5-dev hdf5-filter-plugin-blosc-serial libblosc-dev, then build again"},
      {"LeRobot sets", data::parquet_available() ? "Parquet through Arrow" : "",
       "data convert, train on LeRobot's format",
       "bash tools/quickstart.sh without --minimal (fetches tools/requirements/arrow.txt)"},
  };
  const unsigned cores = std::thread::hardware_concurrency();
  if (common.json) {
    nlohmann::ordered_json out{
        {"version", kVersion},
        {"compiler", kCompiler},
        {"build", kBuildType},
        {"cpu",
         {{"model", cpu_name()},
          {"cores", cores},
          {"usable_cores", usable_cpus()},
          {"features", cpu_features()},
          {"threads", at::get_num_threads()},
          {"memory_gib", memory_gib}}},
        {"cuda", {{"available", cuda.available}, {"reason", cuda.reason}, {"devices", cuda.devices}}}};
    for (const auto& part : parts)
      out["parts"][part.name] =
          part.found.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(part.found);
    print_json(out);
    return 0;
  }
  print_line("foresee {} ({}, {})", kVersion, kCompiler, kBuildType);
  print_line("  CPU      {}: {} cores, {} threads, {:.0f} GiB of memory", cpu_name(), cores, at::get_num_threads(),
             memory_gib);
  print_line("  features {}", fmt::join(cpu_features(), " "));
  for (const auto& part : parts) {
    if (!part.found.empty()) {
      print_line("  [yes] {}: {}", part.name, part.found);
      continue;
    }
    const std::string why = part.name == parts[0].name ? cuda.reason : std::string("not in this build; ") + part.remedy;
    print_line("  [no]  {} ({}): {}", part.name, part.needed_for, why);
  }
  return 0;
}

}  // namespace

Run setup_doctor(CLI::App&, CommonOptions& common) {
  return [&common] { return doctor(common); };
}

}  // namespace foresee::tools
