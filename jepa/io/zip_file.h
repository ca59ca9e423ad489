#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace foresee {

/// The members of a zip archive that are stored as they are, memory-mapped: what torch.save writes (Zip64 too).
class ZipFile {
 public:
  /// @throws CheckpointError on no zip, a truncated one, entries out of range or twice.
  explicit ZipFile(const std::filesystem::path& path);

  bool has(const std::string& name) const { return entries_.contains(name); }
  /// Bytes of a member. @throws CheckpointError where there is none or it is compressed or encrypted.
  std::string_view member(const std::string& name) const;
  /// Bytes of the file.
  size_t size() const { return size_; }
  /// All names, sorted.
  std::vector<std::string> names() const;
  /// Keeps the bytes alive.
  const std::shared_ptr<const void>& mapping() const { return mapping_; }

 private:
  struct Entry {
    std::string_view bytes;
    bool stored;
  };
  std::filesystem::path path_;
  std::shared_ptr<const void> mapping_;
  size_t size_ = 0;
  std::map<std::string, Entry> entries_;
};

}  // namespace foresee
