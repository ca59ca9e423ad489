#pragma once

#include <stdexcept>

#include "jepa/core/api/export.h"

namespace foresee {

/// The caller's or the user's mistake, or the world's: one clear line without a stack. Base of the typed ones below.
class FORESEE_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A config key or value that is unknown, of the wrong type or out of range.
class FORESEE_API ConfigError : public Error {
 public:
  using Error::Error;
};

/// A video, episode or picture file that cannot be read or holds something else than expected.
class FORESEE_API DataError : public Error {
 public:
  using Error::Error;
};

/// A weight file, model folder or run checkpoint that cannot be read or written.
class FORESEE_API CheckpointError : public Error {
 public:
  using Error::Error;
};

/// A process group that failed.
class FORESEE_API DistError : public Error {
 public:
  using Error::Error;
};

/// Something is at the place of a result; nothing was changed.
class FORESEE_API OutputExists : public Error {
 public:
  using Error::Error;
};

/// A broken invariant of this library: please report it.
class FORESEE_API InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace foresee
