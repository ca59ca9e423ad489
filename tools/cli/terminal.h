#pragma once

#include "jepa/core/api/job.h"

namespace foresee::tools {

/// How much a command says on stderr.
enum class Verbosity {
  kQuiet,    // warnings and errors
  kNormal,   // also news and progress
  kVerbose,  // also what helps to find a fault
};

/// Sends the lines of the library to stderr, as one line each (Note [Text from outside]). Warnings say so, in yellow on
/// a terminal unless NO_COLOR is set.
void log_to_stderr(Verbosity verbosity);

/// From now on Ctrl-C, SIGTERM and, unless it was ignored, SIGHUP ask the running job to stop instead of ending the
/// program, and a line says so; a second one ends it at once. @returns a control with that stop token, whose observer
/// draws progress on stderr: a bar with rate and remaining time on a terminal, a plain line every few seconds in a log.
/// @param stops  false: the job never asks whether to stop, and a signal ends the program with its exit code
/// (128 + signal). Call it once.
JobControl terminal_control(bool stops);

/// The signal that asked for a stop; 0: none did.
int stopped_by_signal();

}  // namespace foresee::tools
