#pragma once

namespace foresee {

/// From now on Ctrl-C and SIGTERM set a flag instead of ending the program; a second one ends it at once.
void catch_interrupts();

/// True after the first Ctrl-C or SIGTERM. Long loops look at it between steps, save what they have and return.
bool interrupted();

}  // namespace foresee
