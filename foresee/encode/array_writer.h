#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "jepa/core/files/staged.h"
#include "jepa/core/tensor.h"

namespace foresee {

/// The path itself. @throws Error where its extension is neither .safetensors nor .npy.
std::filesystem::path array_path(std::filesystem::path path);

/// Writes one float32 array row by row, so that a result larger than memory can be written, beside its path and renamed
/// at the end: readers see all of it or nothing.
class ArrayWriter {
 public:
  /// @param path  by its extension: .safetensors (one tensor, `name`, with metadata) or .npy (numpy; no metadata).
  /// @param shape  of the whole array, rows first. @throws Error for another extension or a path that cannot be
  /// written.
  ArrayWriter(std::filesystem::path path, std::vector<int64_t> shape, const std::string& name,
              const std::map<std::string, std::string>& metadata);
  ArrayWriter(const ArrayWriter&) = delete;
  ArrayWriter& operator=(const ArrayWriter&) = delete;

  /// @param rows  float [n, ...], of the shape that was announced but for n. @throws Error on a full disk.
  void append(const Tensor& rows);
  /// Flushes to the disk and renames. @throws Error where rows are missing.
  void finish();

 private:
  std::filesystem::path path_;
  StagedFile staged_;
  std::vector<int64_t> shape_;
  int64_t rows_ = 0;
  std::ofstream file_;
};

}  // namespace foresee
