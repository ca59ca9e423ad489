#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee {

/// What a safetensors header says of one tensor.
struct TensorEntry {
  at::ScalarType dtype;
  std::vector<int64_t> shape;
  size_t begin, end;  // bytes of the data, from the end of the header
};

/// A safetensors file with its header read and checked; tensors are views of the memory-mapped file.
/// Format: https://github.com/huggingface/safetensors (8-byte header size, JSON header, data).
class SafetensorsFile {
 public:
  /// @throws CheckpointError on a truncated or lying file: header larger than the file or than 100 MB, not JSON,
  /// offsets out of range, overlapping or with holes, a size that shape and dtype do not give.
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::map<std::string, TensorEntry>& entries() const { return entries_; }
  /// Tensors of a dtype that is not read: its name in the file, and the shape.
  struct Unread {
    std::string dtype;
    std::vector<int64_t> shape;
    size_t begin, end;
  };
  const std::map<std::string, Unread>& unread() const { return unread_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// One tensor, CPU, read-only by contract (clone before writing). @throws CheckpointError when there is none, or when
  /// its dtype is not read.
  Tensor tensor(const std::string& name) const;
  /// All of them. @throws CheckpointError when the dtype of one is not read.
  TensorMap tensors() const;

 private:
  std::filesystem::path path_;
  std::map<std::string, TensorEntry> entries_;
  std::map<std::string, Unread> unread_;
  std::map<std::string, std::string> metadata_;
  std::shared_ptr<const void> mapping_;  // unmapped when the file and the last tensor are gone
  const char* data_ = nullptr;
};

/// Clones of all tensors of a file. @throws CheckpointError.
TensorMap load_safetensors(const std::filesystem::path& path);

/// Writes atomically (beside and renamed). Tensors may be on any device and of any stride. @throws Error on a full
/// disk.
void save_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                      const std::map<std::string, std::string>& metadata = {});

}  // namespace foresee
