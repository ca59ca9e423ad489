#pragma once

#include "jepa/core/error.h"

namespace foresee {

/// Thrown where a job is stopped before its training begins; says what is kept. train() makes a result of it.
class Interrupted : public Error {
 public:
  using Error::Error;
};

}  // namespace foresee
