#include "jepa/core/memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace foresee {
namespace {

constexpr uint64_t kAlwaysFree = 256 << 20;

/// The limit of a control group (a container), where there is one.
std::optional<int64_t> container_memory() {
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    int64_t bytes = 0;
    if (std::ifstream(path) >> bytes && bytes > 0) return bytes;  // "max" is no number
  }
  return std::nullopt;
}

std::string size_text(double bytes) {
  if (bytes >= 1e9) return fmt::format("{:.1f} GB", bytes / 1e9);
  return bytes >= 1e6 ? fmt::format("{:.1f} MB", bytes / 1e6) : fmt::format("{:.0f} bytes", bytes);
}

}  // namespace

int64_t machine_memory() {
  static const int64_t bytes = [] {
    const int64_t physical = int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGE_SIZE);
    return std::min(physical, container_memory().value_or(physical));
  }();
  return bytes;
}

void check_memory(double bytes, const std::string& what) {
  const auto there = static_cast<double>(machine_memory());
  if (!(bytes <= there)) fail("{}: needs {} of memory, this machine has {}", what, size_text(bytes), size_text(there));
}

std::optional<std::string> out_of_memory_text(const std::exception& error) {
  const std::string text = error.what();
  const auto has = [&](const char* part) { return text.find(part) != std::string::npos; };
  constexpr const char* kAdvice = "choose smaller sizes (batch, pictures, frames, width), or a machine with more";
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return fmt::format("out of memory: {}", kAdvice);
  // LibTorch: "... DefaultCPUAllocator: can't allocate memory: you tried to allocate 4096 bytes. Error code 12 ..."
  if (const size_t at = text.find("you tried to allocate "); has("can't allocate memory") && at != std::string::npos) {
    const double bytes = std::strtod(text.c_str() + at + 22, nullptr);
    return fmt::format("out of memory: {} at once; {}", size_text(bytes), kAdvice);
  }
  const bool torch = has("CUDA out of memory") || has("invalid size, memory size") || has("Storage size calculation") ||
                     has("numel: integer multiplication overflow") || has("tensor size overflow") ||
                     has("CUDA error: out of memory") || has("not enough memory");
  const bool opencv = has("Insufficient memory") || has("Failed to allocate");
  if (torch || opencv) return fmt::format("out of memory: {}", kAdvice);
  return std::nullopt;
}

ReadBudget::ReadBudget(std::string where, uint64_t read_bytes, uint64_t ratio)
    : where_(std::move(where)), read_(read_bytes) {
  const uint64_t wanted = read_bytes > (uint64_t{1} << 50) / ratio ? uint64_t{1} << 50 : read_bytes * ratio;
  limit_ = std::max(kAlwaysFree, std::min(wanted, static_cast<uint64_t>(machine_memory()) / 2));
}

std::optional<std::string> ReadBudget::refusal_of(uint64_t bytes, std::string_view what) {
  if (bytes <= limit_ - made_) {
    made_ += bytes;
    return std::nullopt;
  }
  return fmt::format("{}: {} would take {} of memory, where a file of {} may take {}", where_, what,
                     size_text(static_cast<double>(made_) + static_cast<double>(bytes)),
                     size_text(static_cast<double>(read_)), size_text(static_cast<double>(limit_)));
}

}  // namespace foresee
