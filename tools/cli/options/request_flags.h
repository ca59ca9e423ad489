#pragma once

#include <functional>
#include <map>
#include <string>

namespace foresee::tools {

/// How a person sets the members of a job's request: {"encoder", "--encoder PATH"}.
using RequestFlags = std::map<std::string, std::string>;

/// Runs a job. Where the job refuses a member of its request, the message ends with the flag: "MESSAGE (FLAG)".
/// @returns what `job` returns: the exit code.
int naming_flags(const RequestFlags& flags, const std::function<int()>& job);

}  // namespace foresee::tools
