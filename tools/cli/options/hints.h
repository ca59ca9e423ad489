#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <string_view>

#include "jepa/core/error.h"

namespace foresee::tools {

/// What a person can do about a message of the library: it names concepts, this names flags.
struct Hint {
  std::string_view about;  // part of the message
  std::string_view flags;  // "use --pool clip"
};

/// Runs a job; of an Error whose message holds a hint's `about` it appends the hint. @throws what the job throws.
template <class Job>
auto with_hints(std::initializer_list<Hint> hints, Job&& job) {
  try {
    return job();
  } catch (const OutputExists&) {
    throw;  // main adds what there is to say
  } catch (const Error& error) {
    for (const Hint& hint : hints)
      if (std::string_view(error.what()).find(hint.about) != std::string_view::npos)
        fail("{} ({})", error.what(), hint.flags);
    throw;
  }
}

}  // namespace foresee::tools
