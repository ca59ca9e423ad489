#pragma once

#include <string>
#include <system_error>

namespace foresee {

/// What the system says of an error number, and what to do about it where that is known: "No space left on device (free
/// some space and run the same command again)". The one place that puts these numbers into words.
/// @param code  errno.
std::string system_reason(int code);
/// The same for what the standard library returns.
std::string system_reason(const std::error_code& code);

/// True where the process or the machine has run out of something that no file can be blamed for: descriptors, memory.
bool is_shortage(int code);

}  // namespace foresee
