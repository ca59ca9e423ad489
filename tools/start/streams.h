#pragma once

#include <string>

namespace foresee::tools {

// Note [Standard streams]
// A process may be started with descriptors 0, 1 or 2 closed. The next file that it opens would then get that number,
// and messages would land in it. So closed ones are opened on /dev/null before anything else runs, libraries included;
// 1 and 2 for reading only, so that what is written to them is an error that finish_results() can see.

/// Prints "foresee: TEXT" on stderr as one line. Never fails: there is nobody else to tell.
void print_error(const std::string& text);

/// Flushes standard output. @returns `code`, or 1 after a line on stderr when a result could not be written (a full
/// disk, a stream that was closed at the start).
int finish_results(int code);

}  // namespace foresee::tools
