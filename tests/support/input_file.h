#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace foresee {

/// A file of its own in the folder for temporary files, for readers that take a path. It has a name there: libhdf5
/// opens nothing without one.
class InputFile {
 public:
  explicit InputFile(std::string_view bytes)
      : name_((std::filesystem::temp_directory_path() / "foresee-input-XXXXXX").string()) {
    const int descriptor = ::mkstemp(name_.data());
    const bool whole =
        descriptor >= 0 && ::write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    if (descriptor >= 0) ::close(descriptor);
    if (!whole) throw std::runtime_error("cannot make a temporary file");
  }
  ~InputFile() { ::unlink(name_.c_str()); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::filesystem::path path() const { return name_; }

 private:
  std::string name_;
};

}  // namespace foresee
