#pragma once

#include <cstdint>
#include <vector>

namespace foresee {

/// An array that owns its numbers, last axis fastest. values.size() is the product of the shape.
template <class T>
struct Array {
  std::vector<int64_t> shape;  // sizes of the axes, slowest first
  std::vector<T> values;       // all numbers, the last axis fastest
};

}  // namespace foresee
