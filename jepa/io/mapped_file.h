#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

namespace foresee {

/// A plain file mapped into memory as a whole. Pages are read when they are touched. The mapping is writable but
/// private: a write by mistake changes neither the file nor ends the program.
class MappedFile {
 public:
  /// @param what  what messages call the kind of file: "a safetensors file". @throws CheckpointError.
  MappedFile(const std::filesystem::path& path, std::string_view what);

  std::string_view bytes() const { return bytes_; }
  /// Unmapped when the last holder lets go.
  const std::shared_ptr<const void>& mapping() const { return mapping_; }

 private:
  std::shared_ptr<const void> mapping_;
  std::string_view bytes_;
};

/// Gives the memory of pages of a mapped file back; they are read again when touched. What was written there is lost:
/// only for bytes that nobody writes.
void release_pages(std::string_view bytes);

}  // namespace foresee
