#include "jepa/core/interrupt.h"

#include <csignal>

namespace foresee {
namespace {

volatile std::sig_atomic_t signals_seen = 0;

void on_signal(int number) {
  signals_seen = signals_seen + 1;
  if (signals_seen < 2) return;
  std::signal(number, SIG_DFL);
  std::raise(number);
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() { return signals_seen > 0; }

}  // namespace foresee
