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

  /// Bytes of a member by its name; null data where there is none. @throws CheckpointError where it is compressed.
  std::string_view member(const std::string& name) const;
  /// All names, sorted.
  std::vector<std::string> names() const;
  /// Keeps the mapping alive.
  const std::shared_ptr<const void>& mapping() const { return mapping_; }

 private:
  struct Entry {
    size_t begin, size;
    bool stored;
  };
  std::filesystem::path path_;
  std::shared_ptr<const void> mapping_;
  std::string_view bytes_;
  std::map<std::string, Entry> entries_;
};

}  // namespace foresee
