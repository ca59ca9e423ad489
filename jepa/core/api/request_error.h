#pragma once

#include <string>
#include <utility>

#include "jepa/core/api/error.h"
#include "jepa/core/api/export.h"

namespace foresee {

/// A member of a request that is missing, that contradicts another, or that what is asked for does not use.
class FORESEE_API RequestError : public ConfigError {
 public:
  /// @param member  its name in the request's struct. @param message  one line for people.
  RequestError(std::string member, const std::string& message) : ConfigError(message), member_(std::move(member)) {}

  /// Name of the member in the request's struct: "encoder".
  const std::string& member() const { return member_; }

 private:
  std::string member_;
};

}  // namespace foresee
