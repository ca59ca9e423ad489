#include "foresee/settings/threads.h"

#include <ATen/Parallel.h>

#include "jepa/core/error.h"

namespace foresee {

JobThreads::JobThreads(int64_t wanted) : before_(at::get_num_threads()), count_(wanted > 0 ? wanted : before_) {
  FORESEE_CHECK(wanted >= 0, "expected 0 or more CPU threads, got {}", wanted);
  if (count_ != before_) at::set_num_threads(static_cast<int>(count_));
}

JobThreads::~JobThreads() {
  if (count_ != before_) at::set_num_threads(static_cast<int>(before_));
}

}  // namespace foresee
