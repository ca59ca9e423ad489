#include "jepa/io/zip_file.h"

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "jepa/core/error.h"
#include "jepa/io/mapped_file.h"

namespace foresee {
namespace {

// PKWARE's APPNOTE.TXT: an archive is read from its end. The end record gives the central directory, whose entries give
// the local headers, behind which the data lie.
constexpr size_t kEndBytes = 22, kLocatorBytes = 20, kEnd64Bytes = 56, kEntryBytes = 46, kLocalBytes = 30;
constexpr uint32_t kEndMark = 0x06054b50, kLocatorMark = 0x07064b50, kEnd64Mark = 0x06064b50, kEntryMark = 0x02014b50,
                   kLocalMark = 0x04034b50;
constexpr uint64_t kMaxEntries = 1 << 20;

/// Little-endian numbers of a file, every place checked.
class Bytes {
 public:
  Bytes(std::string_view bytes, std::string where) : bytes_(bytes), where_(std::move(where)) {}

  std::string_view part(uint64_t begin, uint64_t size) const {
    if (begin > bytes_.size() || size > bytes_.size() - begin)
      fail<CheckpointError>("{}: damaged zip: {} bytes at {} of a file of {}", where_, size, begin, bytes_.size());
    return bytes_.substr(begin, size);
  }
  template <class T>
  T number(uint64_t place) const {
    T value;
    std::memcpy(&value, part(place, sizeof(T)).data(), sizeof(T));
    return value;
  }
  size_t size() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
  std::string where_;
};

struct Directory {
  uint64_t entries, begin;
};

/// The place of the end record: the last one whose comment reaches the end of the file.
uint64_t find_end(const Bytes& bytes, const std::string& where) {
  constexpr size_t kMaxComment = 65535;
  if (bytes.size() >= kEndBytes) {
    const uint64_t last = bytes.size() - kEndBytes, first = last > kMaxComment ? last - kMaxComment : 0;
    for (uint64_t place = last + 1; place-- > first;)
      if (bytes.number<uint32_t>(place) == kEndMark &&
          place + kEndBytes + bytes.number<uint16_t>(place + 20) == bytes.size())
        return place;
  }
  fail<CheckpointError>("{}: the zip archive has no end record: the file is truncated ({} bytes)", where, bytes.size());
}

Directory find_directory(const Bytes& bytes, const std::string& where) {
  const uint64_t end = find_end(bytes, where);
  if (end >= kLocatorBytes && bytes.number<uint32_t>(end - kLocatorBytes) == kLocatorMark) {
    const auto end64 = bytes.number<uint64_t>(end - kLocatorBytes + 8);
    bytes.part(end64, kEnd64Bytes);
    if (bytes.number<uint32_t>(end64) != kEnd64Mark) fail<CheckpointError>("{}: damaged zip: no Zip64 end", where);
    return {bytes.number<uint64_t>(end64 + 32), bytes.number<uint64_t>(end64 + 48)};
  }
  return {bytes.number<uint16_t>(end + 10), bytes.number<uint32_t>(end + 16)};
}

}  // namespace

ZipFile::ZipFile(const std::filesystem::path& path) : path_(path) {
  const std::string where = path.string();
  const MappedFile file(path, "a zip file");
  mapping_ = file.mapping();
  size_ = file.bytes().size();
  const Bytes bytes(file.bytes(), where);
  const Directory directory = find_directory(bytes, where);
  if (directory.entries > kMaxEntries)
    fail<CheckpointError>("{}: a zip of {} members, expected at most {}", where, directory.entries, kMaxEntries);

  uint64_t place = directory.begin;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    bytes.part(place, kEntryBytes);
    if (bytes.number<uint32_t>(place) != kEntryMark)
      fail<CheckpointError>("{}: damaged zip: no entry {} at byte {}", where, i, place);
    const auto flags = bytes.number<uint16_t>(place + 8), method = bytes.number<uint16_t>(place + 10);
    uint64_t packed = bytes.number<uint32_t>(place + 20), size = bytes.number<uint32_t>(place + 24);
    uint64_t local = bytes.number<uint32_t>(place + 42);
    const auto name_bytes = bytes.number<uint16_t>(place + 28), extra_bytes = bytes.number<uint16_t>(place + 30);
    const std::string name(bytes.part(place + kEntryBytes, name_bytes));

    // Zip64: what does not fit 32 bits stands in an extra field, in this order.
    uint64_t extra = place + kEntryBytes + name_bytes;
    const uint64_t extra_end = extra + extra_bytes;
    while (extra + 4 <= extra_end) {
      const auto id = bytes.number<uint16_t>(extra), field_bytes = bytes.number<uint16_t>(extra + 2);
      uint64_t field = extra + 4;
      const uint64_t field_end = field + field_bytes;
      for (uint64_t* value : {&size, &packed, &local})
        if (id == 1 && *value == 0xffffffff && field + 8 <= field_end) {
          *value = bytes.number<uint64_t>(field);
          field += 8;
        }
      extra = field_end;
    }
    bytes.part(local, kLocalBytes);
    if (bytes.number<uint32_t>(local) != kLocalMark)
      fail<CheckpointError>("{}: damaged zip: no header of '{}' at byte {}", where, name, local);
    const uint64_t begin =
        local + kLocalBytes + bytes.number<uint16_t>(local + 26) + bytes.number<uint16_t>(local + 28);
    const bool stored = method == 0 && (flags & 1) == 0 && packed == size;
    if (!entries_.emplace(name, Entry{bytes.part(begin, packed), stored}).second)
      fail<CheckpointError>("{}: damaged zip: '{}' is there twice", where, name);
    place += kEntryBytes + name_bytes + extra_bytes + bytes.number<uint16_t>(place + 32);
  }
}

std::string_view ZipFile::member(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) fail<CheckpointError>("{}: the zip has no member '{}'", path_.string(), name);
  if (!found->second.stored)
    fail<CheckpointError>("{}: member '{}' is compressed or encrypted; torch.save stores members as they are",
                          path_.string(), name);
  return found->second.bytes;
}

std::vector<std::string> ZipFile::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

}  // namespace foresee
