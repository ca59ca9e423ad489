#include "tools/cli/options/request_flags.h"

#include "foresee/request_error.h"
#include "jepa/core/error.h"

namespace foresee::tools {

int naming_flags(const RequestFlags& flags, const std::function<int()>& job) try {
  return job();
} catch (const RequestError& error) {
  const auto found = flags.find(error.member());
  if (found == flags.end()) throw;
  fail<ConfigError>("{} ({})", error.what(), found->second);
}

}  // namespace foresee::tools
