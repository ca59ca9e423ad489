#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/report/html.h"

namespace foresee::report {

/// What a row of the success table stands for.
enum class Role {
  kModel,      // what is judged
  kBaseline,   // what it must beat: knows less
  kReference,  // what bounds it: knows the true environment
};

/// Successes of one method over the paired starts of an evaluation.
struct SuccessRow {
  std::string name, note;
  Role role = Role::kModel;
  double rate = 0, low = 0, high = 0;  // shares in [0, 1]; 95 % interval
  int64_t n = 0;                       // episodes
};

/// The row of a method of `foresee eval`: its role and what it is in a few words.
SuccessRow success_row(const std::string& method, double rate, double low, double high, int64_t n);

/// Rate, interval as a bar, and n of every method: the model first, then baselines, then references.
/// @throws Error when a model's rate stands without a baseline, or a share lies outside [0, 1].
Html draw(std::vector<SuccessRow> rows);

}  // namespace foresee::report
