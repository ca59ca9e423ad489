// Part of every program, never of a shared library: see Note [Standard streams] in tools/start/streams.h.
#include <fcntl.h>

#include <cerrno>

namespace {

/// Runs before the initialisers of shared libraries: calls nothing but the system.
void open_closed_descriptors(int, char**, char**) {
  for (int number = 0; number <= 2; ++number)
    if (::fcntl(number, F_GETFD) < 0 && errno == EBADF) ::open("/dev/null", O_RDONLY);  // the lowest free number
}
__attribute__((section(".preinit_array"), used)) void (*const before_libraries)(int, char**,
                                                                                char**) = open_closed_descriptors;

}  // namespace
