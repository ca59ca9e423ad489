#include "jepa/core/cpu/heap.h"

#include <cstdlib>  // defines __GLIBC__

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace foresee {

void keep_freed_memory() {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_MAX, 0);         // no block of its own mapping, which free() would unmap
  ::mallopt(M_TRIM_THRESHOLD, -1);  // the heap's end is not given back
  ::mallopt(M_TOP_PAD, 64 << 20);   // and grows in steps of so many bytes
#endif
}

}  // namespace foresee
