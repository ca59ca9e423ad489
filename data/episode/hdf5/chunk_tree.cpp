#include "data/episode/hdf5/chunk_tree.h"

#include <cstring>
#include <utility>
#include <vector>

#include "jepa/core/error.h"

namespace foresee::data {
namespace {

constexpr uint16_t kLayoutMessage = 0x08, kContinuationMessage = 0x10;
constexpr size_t kMostBlocks = 1000;

/// Little-endian numbers, every place checked.
class FileBytes {
 public:
  explicit FileBytes(std::string_view bytes) : bytes_(bytes) {}

  std::string_view part(uint64_t at, uint64_t count) const {
    if (at > bytes_.size() || count > bytes_.size() - at)
      fail<DataError>("its index leads to byte {} of a file of {}", at, bytes_.size());
    return bytes_.substr(at, count);
  }
  template <class T>
  T get(uint64_t at) const {
    T value;
    std::memcpy(&value, part(at, sizeof value).data(), sizeof value);
    return value;
  }
  bool has(uint64_t at, std::string_view text) const { return part(at, text.size()) == text; }
  uint64_t size() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
};

/// A version 1 tree of chunks: where it is, and how many offsets its keys have.
struct Tree {
  uint64_t root;
  uint8_t offsets;
};

/// Addresses and lengths of 8 bytes, the file from its first byte on.
bool plain_superblock(const FileBytes& file) {
  if (!file.has(0, "\x89HDF\r\n\x1a\n")) return false;
  const auto version = file.get<uint8_t>(8);
  const uint64_t sizes = version < 2 ? 13 : 9, base = version == 0 ? 24 : version == 1 ? 28 : 12;
  return version <= 3 && file.get<uint8_t>(sizes) == 8 && file.get<uint8_t>(sizes + 1) == 8 &&
         file.get<uint64_t>(base) == 0;
}

/// A layout message of versions 1 to 3; nothing for others, and for what is not chunked.
std::optional<Tree> parse_layout(const FileBytes& file, uint64_t at) {
  constexpr uint8_t kChunked = 2;
  const auto version = file.get<uint8_t>(at);
  if (version == 3 && file.get<uint8_t>(at + 1) == kChunked)
    return Tree{file.get<uint64_t>(at + 3), file.get<uint8_t>(at + 2)};
  if ((version == 1 || version == 2) && file.get<uint8_t>(at + 2) == kChunked)
    return Tree{file.get<uint64_t>(at + 8), file.get<uint8_t>(at + 1)};
  return std::nullopt;
}

/// The layout message of an object header of either version.
std::optional<Tree> find_tree(const FileBytes& file, uint64_t header) {
  const bool second = file.has(header, "OHDR");
  std::vector<std::pair<uint64_t, uint64_t>> blocks;  // begin and end of messages
  uint8_t flags = 0;
  if (second) {
    flags = file.get<uint8_t>(header + 5);
    uint64_t at = header + 6 + ((flags & 0x20) != 0 ? 16 : 0) + ((flags & 0x10) != 0 ? 4 : 0);
    const unsigned width = 1U << (flags & 3);
    uint64_t size = 0;
    std::memcpy(&size, file.part(at, width).data(), width);
    at += width;
    blocks.emplace_back(at, at + file.part(at, size).size());
  } else {
    if (file.get<uint8_t>(header) != 1) return std::nullopt;
    const auto size = file.get<uint32_t>(header + 8);
    blocks.emplace_back(header + 16, header + 16 + file.part(header + 16, size).size());
  }
  const uint64_t prefix = second ? 4 + ((flags & 4) != 0 ? 2 : 0) : 8;
  std::optional<Tree> found;
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (i > kMostBlocks) fail<DataError>("its object header does not end");
    for (uint64_t at = blocks[i].first; at + prefix <= blocks[i].second;) {
      const uint16_t type = second ? file.get<uint8_t>(at) : file.get<uint16_t>(at);
      const uint64_t size = file.get<uint16_t>(at + (second ? 1 : 2)), data = at + prefix;
      if (type == kLayoutMessage) {
        if (found) fail<DataError>("it has two layouts");
        found = parse_layout(file, data);
        if (!found) return std::nullopt;
      }
      if (type == kContinuationMessage) {
        const auto begin = file.get<uint64_t>(data), length = file.get<uint64_t>(data + 8);
        file.part(begin, length);
        constexpr uint64_t kSignature = 4, kChecksum = 4;
        if (second && length >= kSignature + kChecksum)
          blocks.emplace_back(begin + kSignature, begin + length - kChecksum);
        if (!second) blocks.emplace_back(begin, begin + length);
      }
      at = data + size;
    }
  }
  return found;
}

/// Goes through the nodes of a tree.
class Walk {
 public:
  Walk(const FileBytes& file, uint8_t offsets, const std::function<void(const StoredChunk&)>& take)
      : file_(file), key_bytes_(8 + 8 * uint64_t{offsets}), take_(take) {}

  /// @param level  that the node above says; none for the root.
  void node(uint64_t at, std::optional<int> level) {
    if (!file_.has(at, "TREE") || file_.get<uint8_t>(at + 4) != 1)
      fail<DataError>("its index has no node at byte {}", at);
    const int own = file_.get<uint8_t>(at + 5);
    if (level && own != *level) fail<DataError>("its index has a node of level {}, expected {}", own, *level);
    // Every node has bytes of its own; a tree that visits more of them than the file holds runs in circles.
    constexpr uint64_t kNodeBytes = 24;
    if (++nodes_ > file_.size() / kNodeBytes) fail<DataError>("its index does not end");
    const auto entries = file_.get<uint16_t>(at + 6);
    uint64_t key = at + kNodeBytes;
    for (int i = 0; i < entries; ++i, key += key_bytes_ + 8) {
      const auto child = file_.get<uint64_t>(key + key_bytes_);
      if (own > 0)
        node(child, own - 1);
      else
        take_({child, file_.get<uint32_t>(key), file_.get<uint32_t>(key + 4)});
    }
  }

 private:
  const FileBytes& file_;
  uint64_t key_bytes_, nodes_ = 0;
  const std::function<void(const StoredChunk&)>& take_;
};

}  // namespace

bool for_each_chunk(std::string_view bytes, uint64_t header, const std::function<void(const StoredChunk&)>& take) {
  const FileBytes file(bytes);
  if (!plain_superblock(file)) return false;
  const auto tree = find_tree(file, header);
  if (!tree) return false;
  constexpr uint64_t kNowhere = ~uint64_t{0};
  if (tree->root != kNowhere) Walk(file, tree->offsets, take).node(tree->root, std::nullopt);
  return true;
}

}  // namespace foresee::data
