#include "foresee/settings/run_request.h"

#include <fmt/format.h>

#include "foresee/request_error.h"

namespace foresee {

void check_run_request(const JobOptions& options, const std::filesystem::path& out, std::optional<int64_t> steps,
                       std::optional<int64_t> checkpoint_every) {
  const auto at_least_one = [](const char* name, std::optional<int64_t> count) {
    if (count && *count < 1) throw RequestError(name, fmt::format("{}: expected 1 or more, got {}", name, *count));
  };
  if (options.overwrite) throw RequestError("overwrite", "a run is resumed, never overwritten");
  at_least_one("steps", steps);
  at_least_one("checkpoint_every", checkpoint_every);
  if (out.empty()) throw RequestError("out", "expected a run folder");
}

}  // namespace foresee
