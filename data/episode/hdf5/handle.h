#pragma once

#include <hdf5.h>

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "jepa/core/tensor.h"

namespace foresee::data {

/// Held during every call of the library: it is not thread-safe in every build, and it must not print its errors.
class Hdf5Lock {
 public:
  Hdf5Lock();

 private:
  std::lock_guard<std::recursive_mutex> lock_;
};

/// What the library says of its last failure in this thread, innermost cause, one line.
std::string hdf5_reason();

/// An identifier that closes itself.
class Hdf5Handle {
 public:
  using Close = herr_t (*)(hid_t);

  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, Close close) : id_(id), close_(close) {}
  ~Hdf5Handle() { reset(); }
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }

  hid_t get() const { return id_; }
  bool valid() const { return id_ >= 0; }
  void reset() {
    if (valid()) close_(id_);
    id_ = -1;
  }
  /// Closes and reports: what is still buffered is written now. @returns negative on failure.
  herr_t close() { return valid() ? close_(std::exchange(id_, -1)) : 0; }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

/// The memory type of a tensor's elements.
hid_t hdf5_type(at::ScalarType dtype);
/// The tensor type that holds a stored type; nothing for strings and compounds.
std::optional<at::ScalarType> hdf5_tensor_type(hid_t type);
/// Whether values are lists of bytes, of any lengths: how pictures are stored that are packed one by one.
bool is_hdf5_list_of_bytes(hid_t type);

/// An object by its path in a file; links to other files are not followed. Invalid where there is none.
/// @pre the lock is held.
Hdf5Handle open_hdf5_object(hid_t file, const std::string& name);

/// Opens a file for reading. @pre the lock is held. @throws DataError in one line.
Hdf5Handle open_hdf5_file(const std::filesystem::path& path);

}  // namespace foresee::data
