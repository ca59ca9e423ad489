#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace foresee::tools {

// Note [Standard streams]
// A process may be started with descriptors 0, 1 or 2 closed. The next file that it opens would then get that number,
// and messages would land in it. So closed ones are opened on /dev/null before anything else runs, libraries included;
// 1 and 2 for reading only, so that what is written to them is an error that finish_results() can see.

/// Prints "foresee: TEXT" on stderr as one line. Never fails: there is nobody else to tell.
void print_error(const std::string& text);

/// Prints `text`, which is escaped already, on standard output and flushes it. Failures show in finish_results().
void print_escaped(const std::string& text);

/// Prints `text` as one line on standard output, as print_error does on the other. Failures show in finish_results().
void print_plain_line(const std::string& text);
/// The same of a formatted line. Results for people go this way, so that names of files and tensors, labels and
/// metadata cannot reach the terminal raw (Note [Text from outside]).
template <class... Args>
void print_line(fmt::format_string<Args...> format, Args&&... args) {
  print_plain_line(fmt::format(format, std::forward<Args>(args)...));
}

/// Flushes standard output. @returns `code`, or 1 after a line on stderr when a result could not be written (a full
/// disk, a stream that was closed at the start).
int finish_results(int code);

}  // namespace foresee::tools
