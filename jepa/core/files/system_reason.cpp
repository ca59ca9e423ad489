#include "jepa/core/files/system_reason.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace foresee {
namespace {

/// What a person can do; null where nothing is known.
const char* advice(int code) {
  switch (code) {
    case ENOSPC:
      return "free some space and run the same command again";
    case EDQUOT:
      return "your quota is used up; free some space and run the same command again";
    case EMFILE:
      return "raise this process's limit: ulimit -n";
    case ENFILE:
      return "the whole machine has no more; end other programs";
    case EACCES:
    case EPERM:
      return "you lack the right to this path, or to a folder above it";
    case EROFS:
      return "choose another place";
    case EFBIG:
      return "a limit of this process, ulimit -f, or of the file system";
    case ENAMETOOLONG:
      return "choose a shorter name";
    case ELOOP:
      return "symbolic links that lead in a circle";
    case EIO:
      return "the disk or the network behind it has a fault";
    case ESTALE:
      return "the network file system lost it; try again";
    case ENOMEM:
      return "end other programs, or choose smaller sizes";
    default:
      return nullptr;
  }
}

}  // namespace

std::string system_reason(int code) {
  const char* known = advice(code);
  return known == nullptr ? std::strerror(code) : fmt::format("{} ({})", std::strerror(code), known);
}

std::string system_reason(const std::error_code& code) {
  return code.category() == std::system_category() || code.category() == std::generic_category()
             ? system_reason(code.value())
             : code.message();
}

bool is_shortage(int code) { return code == EMFILE || code == ENFILE || code == ENOMEM; }

}  // namespace foresee
