#pragma once

#include "jepa/core/error.h"

namespace foresee {

/// Thrown where a job is stopped during its preparations; says what is kept. The job makes a result of it.
class Interrupted : public Error {
 public:
  using Error::Error;
};

}  // namespace foresee
