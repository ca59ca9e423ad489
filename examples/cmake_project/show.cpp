// Links the installed library and says which version runs.
#include <foresee/version.h>

#include <cstdio>
#include <cstring>

int main() {
  std::printf("foresee %s\n", foresee::version());
  return std::strcmp(foresee::version(), FORESEE_VERSION) == 0 ? 0 : 1;
}
