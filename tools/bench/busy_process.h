#pragma once

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

#include "jepa/core/error.h"

namespace foresee::tools {

/// Another process that keeps one processor busy while this object lives.
class BusyProcess {
 public:
  BusyProcess() {
    const pid_t parent = ::getpid();
    child_ = ::fork();
    if (child_ < 0) fail("bench: cannot start another process");
    if (child_ > 0) return;
    // The child has one thread and calls nothing but the kernel; it ends with its parent.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (volatile uint64_t count = 0; ::getppid() == parent;)
      for (int i = 0; i < 100'000'000; ++i) count = count + 1;
    ::_exit(0);
  }
  ~BusyProcess() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  BusyProcess(const BusyProcess&) = delete;
  BusyProcess& operator=(const BusyProcess&) = delete;

 private:
  pid_t child_ = -1;
};

}  // namespace foresee::tools
