#pragma once

#include <gtest/gtest.h>

#include <string>

#include "jepa/core/api/request_error.h"

namespace foresee {

/// The message of the E that `call` throws; empty where it throws nothing.
template <class E, class Call>
std::string refusal_of(Call&& call) {
  try {
    call();
    return {};
  } catch (const E& error) {
    return error.what();
  }
}

/// The member of a request that `call` is refused for; empty where it is not refused.
template <class Call>
std::string refused_member(Call&& call) {
  try {
    call();
    return {};
  } catch (const RequestError& error) {
    return error.member();
  }
}

/// The text holds the part; shows both where it does not.
inline ::testing::AssertionResult says(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "expected '" << part << "' in '" << text << "'";
}

}  // namespace foresee
