#include "jepa/core/log.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>

namespace foresee {
namespace {
// spdlog 1.10, Debian's, does not compile with the fmt 12 that LibTorch's headers bring; one line is all that is
// needed.
std::atomic<int> log_level{2};
}  // namespace

void set_log_level(int level) { log_level = level; }

void detail::log_line(int level, const std::string& text) {
  if (level > log_level) return;
  static const bool colour = ::isatty(STDERR_FILENO) == 1;
  const bool warning = level == 1;
  const std::string line = fmt::format("{}{}{}{}\n", warning && colour ? "\033[33m" : "", warning ? "warning: " : "",
                                       text, warning && colour ? "\033[0m" : "");
  std::fwrite(line.data(), 1, line.size(), stderr);  // one call: lines of several threads do not mix
}

}  // namespace foresee
