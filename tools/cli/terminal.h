#pragma once

#include "jepa/core/api/job.h"

namespace foresee::tools {

/// Sends the lines of the library to stderr. Warnings say so, in yellow on a terminal.
void log_to_stderr();

/// From now on Ctrl-C and SIGTERM ask the running job to stop instead of ending the program; a second one ends it at
/// once. @returns a control with that stop token, whose observer draws progress on stderr: a bar with rate and
/// remaining time on a terminal, a plain line every few seconds in a log. Call it once.
JobControl terminal_control();

}  // namespace foresee::tools
