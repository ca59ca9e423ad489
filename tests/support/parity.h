#pragma once

#include <gtest/gtest.h>

#include "tools/verify/case.h"

namespace foresee::parity {

/// Every expected value of a case under tests/fixtures holds. @param kind  the function that computes them.
inline void expect_case_passes(const std::string& name, Kind kind) {
  const auto results = verify_case("tests/fixtures/" + name, kind);
  EXPECT_FALSE(results.empty());
  for (const auto& row : results)
    EXPECT_TRUE(row.passed) << name << " " << row.key << ": " << row.reason << " (max abs " << row.max_abs << ", "
                            << row.tolerance << ")";
}

}  // namespace foresee::parity
