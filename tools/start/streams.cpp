#include "tools/start/streams.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string_view>

#include "jepa/core/files/system_reason.h"
#include "jepa/core/text/printable.h"

namespace foresee::tools {
namespace {

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

/// Why standard output failed first: a stream remembers that it failed, not why.
int output_failure = 0;

}  // namespace

void print_error(const std::string& text) {
  std::fflush(stderr);
  write_all(STDERR_FILENO, "foresee: " + printable(text) + "\n");
}

void print_escaped(const std::string& text) {
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!written && output_failure == 0) output_failure = errno;
}

void print_plain_line(const std::string& text) {
  const std::string line = printable(text) + "\n";
  errno = 0;
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() && output_failure == 0) output_failure = errno;
}

int finish_results(int code) {
  errno = 0;
  std::cout.flush();
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good();
  if (written) return code;
  const int reason = output_failure != 0 ? output_failure : errno;
  if (reason == EPIPE) return code == 0 ? 1 : code;  // the reader went away: nothing to say, nobody to say it to
  print_error(std::string("the result could not be written to standard output") + (reason == EBADF ? ": it is closed"
                                                                                   : reason != 0
                                                                                       ? ": " + system_reason(reason)
                                                                                       : std::string()));
  return code == 0 ? 1 : code;
}

}  // namespace foresee::tools
