#pragma once

#include <string>

#include "jepa/core/api/error.h"

namespace foresee {

/// A field of a request that is missing or does not fit the model or the data.
class FORESEE_API RequestError : public Error {
 public:
  /// @param field  its name in the request's struct: "model", "data", "states".
  RequestError(const char* field, const std::string& message) : Error(message), field_(field) {}
  const char* field() const noexcept { return field_; }

 private:
  const char* field_;  // of static storage
};

}  // namespace foresee
