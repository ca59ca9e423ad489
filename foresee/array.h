#pragma once

#include <cstdint>
#include <vector>

namespace foresee {

/// An array that owns its numbers, last axis fastest. values.size() is the product of the shape.
template <class T>
struct Array {
  std::vector<int64_t> shape;
  std::vector<T> values;
};

}  // namespace foresee
