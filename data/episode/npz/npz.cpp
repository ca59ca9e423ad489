// Zip archives of arrays; zlib unpacks what numpy.savez_compressed wrote.
#include <array>
#include <cstring>

#include "data/episode/npz/npy.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/memory.h"
#include "jepa/io/mapped_file.h"

#ifdef FORESEE_HAVE_ZLIB
#include <zlib.h>
#endif

namespace foresee::data {
namespace {

constexpr uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr uint16_t kZip64Extra = 1;

/// CRC-32 of zip archives.
uint32_t crc32_of(std::string_view bytes) {
#ifdef FORESEE_HAVE_ZLIB
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
#else
  static const auto table = [] {
    std::array<uint32_t, 256> made{};
    for (uint32_t i = 0; i < 256; ++i) {
      made[i] = i;
      for (int bit = 0; bit < 8; ++bit) made[i] = made[i] & 1 ? 0xEDB88320u ^ (made[i] >> 1) : made[i] >> 1;
    }
    return made;
  }();
  uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes) crc = table[(crc ^ static_cast<uint8_t>(c)) & 0xFF] ^ (crc >> 8);
  return ~crc;
#endif
}

/// Bounds-checked reading of little-endian numbers.
class ZipBytes {
 public:
  ZipBytes(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  template <class T>
  T get(uint64_t at) const {
    T value;
    std::memcpy(&value, part(at, sizeof value).data(), sizeof value);
    return value;
  }
  std::string_view part(uint64_t at, uint64_t length) const {
    if (at > bytes_.size() || length > bytes_.size() - at) fail<DataError>("{}: truncated or damaged archive", where_);
    return bytes_.substr(at, length);
  }
  uint64_t size() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
  const std::string& where_;
};

struct Member {
  std::string name;
  uint16_t method = 0;
  uint32_t crc = 0;  // of the unpacked bytes
  uint64_t packed = 0, unpacked = 0, local = 0;
};

/// numpy writes Zip64 sizes for every member, in the extra field of the local header only where it need not.
void take_zip64(const ZipBytes& zip, uint64_t extra, uint64_t length, Member& member) {
  for (uint64_t at = extra; at + 4 <= extra + length;) {
    const auto id = zip.get<uint16_t>(at);
    const uint64_t size = zip.get<uint16_t>(at + 2), end = at + 4 + size;
    at += 4;
    if (id == kZip64Extra)
      for (uint64_t* field : {&member.unpacked, &member.packed, &member.local})
        if (*field == 0xFFFFFFFFu && at + 8 <= end) *field = zip.get<uint64_t>(at), at += 8;
    at = end;
  }
}

std::vector<Member> members_of(const ZipBytes& zip, const std::string& where) {
  // The end record lies in the last 64 KiB + 22 bytes.
  uint64_t end = zip.size() < 22 ? 0 : zip.size() - 22;
  const uint64_t stop = end > 65535 ? end - 65535 : 0;
  if (zip.size() < 22) fail<DataError>("{}: not a zip archive (.npz)", where);
  while (zip.get<uint32_t>(end) != kEnd) {
    if (end == stop) fail<DataError>("{}: not a zip archive (.npz), or truncated", where);
    --end;
  }
  uint64_t count = zip.get<uint16_t>(end + 10), at = zip.get<uint32_t>(end + 16);
  if ((count == 0xFFFF || at == 0xFFFFFFFFu) && end >= 20 && zip.get<uint32_t>(end - 20) == 0x07064b50) {
    const auto record = zip.get<uint64_t>(end - 12);
    count = zip.get<uint64_t>(record + 32);
    at = zip.get<uint64_t>(record + 48);
  }
  std::vector<Member> members;
  for (uint64_t i = 0; i < count; ++i) {
    if (zip.get<uint32_t>(at) != kCentral) fail<DataError>("{}: damaged directory of the archive", where);
    Member member;
    member.method = zip.get<uint16_t>(at + 10);
    member.crc = zip.get<uint32_t>(at + 16);
    member.packed = zip.get<uint32_t>(at + 20);
    member.unpacked = zip.get<uint32_t>(at + 24);
    member.local = zip.get<uint32_t>(at + 42);
    const uint64_t name = zip.get<uint16_t>(at + 28), extra = zip.get<uint16_t>(at + 30),
                   comment = zip.get<uint16_t>(at + 32);
    member.name = zip.part(at + 46, name);
    take_zip64(zip, at + 46 + name, extra, member);
    at += 46 + name + extra + comment;
    members.push_back(std::move(member));
  }
  return members;
}

std::string unpack(std::string_view packed, uint64_t size, const std::string& where) {
#ifdef FORESEE_HAVE_ZLIB
  if (size > packed.size() * 1100 + 1024)
    fail<DataError>("{}: claims {} bytes", where, size);  // deflate's limit is 1032
  std::string out(size, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) fail("{}: zlib does not start", where);
  // zlib counts in 32 bits.
  size_t given = 0, taken = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    const size_t in = std::min<size_t>(packed.size() - given, 1u << 30),
                 room = std::min<size_t>(size - taken, 1u << 30);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + given));
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + taken);
    stream.avail_out = static_cast<uInt>(room);
    status = inflate(&stream, Z_NO_FLUSH);
    given += in - stream.avail_in;
    taken += room - stream.avail_out;
    if (status == Z_OK && in == stream.avail_in && room == stream.avail_out) break;
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END || taken != size) fail<DataError>("{}: damaged compressed array", where);
  return out;
#else
  (void)packed, (void)size;
  fail("{}: compressed, and this build has no zlib (Debian: zlib1g-dev); numpy.savez writes it uncompressed", where);
#endif
}

/// @throws DataError for bytes other than those that were written.
void require_checksum(std::string_view bytes, const Member& member, const std::string& what) {
#ifdef FORESEE_FUZZING  // else no changed input would get further
  (void)bytes, (void)member, (void)what;
#else
  if (crc32_of(bytes) != member.crc) fail<DataError>("{}: damaged: its checksum does not match", what);
#endif
}

}  // namespace

TensorMap read_npz(const std::filesystem::path& path, std::vector<std::string>* unread) {
  if (!std::filesystem::exists(path)) fail<DataError>("{}: no such file", path.string());
  const MappedFile file(path, "an npz file");
  const std::string where = path.string();
  const ZipBytes zip(file.bytes(), where);
  constexpr uint64_t kBytesPerByte = 64;  // pictures of drawn scenes pack that well
  ReadBudget budget(where, zip.size(), kBytesPerByte);
  TensorMap arrays;
  for (const Member& member : members_of(zip, where)) {
    if (!member.name.ends_with(".npy")) continue;
    const std::string what = where + ": " + member.name;
    if (zip.get<uint32_t>(member.local) != kLocal) fail<DataError>("{}: damaged archive", what);
    const uint64_t begin =
        member.local + 30 + zip.get<uint16_t>(member.local + 26) + zip.get<uint16_t>(member.local + 28);
    const std::string_view bytes = zip.part(begin, member.packed);
    Tensor array;
    if (member.method == 0) {
      array = parse_npy(bytes, what, file.mapping(), &budget);
      if (array.defined()) require_checksum(bytes, member, what);
    } else if (member.method == 8) {
      budget.take(member.unpacked, "unpacking its arrays (numpy.savez stores them as they are)");
      const std::string unpacked = unpack(bytes, member.unpacked, what);
      array = parse_npy(unpacked, what, nullptr, &budget);
      if (array.defined()) require_checksum(unpacked, member, what);
    } else {
      fail<DataError>("{}: packed by method {}, which is not read", what, member.method);
    }
    const std::string name = member.name.substr(0, member.name.size() - 4);
    if (array.defined())
      arrays[name] = std::move(array);
    else if (unread != nullptr)
      unread->push_back(name);
  }
  return arrays;
}

namespace {

template <class... T>
void put(std::string& out, T... values) {
  (out.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
}

}  // namespace

void write_npz(const std::filesystem::path& path, const TensorMap& arrays) {
  constexpr uint16_t kVersion = 20, kStored = 0, kDate = 0x21;  // 1 January 1980: the same arrays make the same bytes
  std::string out, directory;
  for (const auto& [name, array] : arrays) {
    const std::string member = name + ".npy", bytes = npy_bytes(array);
    if (out.size() + bytes.size() > 0xFFFFFFF0u) fail("{}: npz files are written up to 4 GB; use hdf5", path.string());
    const auto size = static_cast<uint32_t>(bytes.size()), at = static_cast<uint32_t>(out.size());
    const uint32_t crc = crc32_of(bytes);
    const auto length = static_cast<uint16_t>(member.size());
    put(out, kLocal, kVersion, uint16_t{0}, kStored, uint16_t{0}, kDate, crc, size, size, length, uint16_t{0});
    out += member + bytes;
    put(directory, kCentral, kVersion, kVersion, uint16_t{0}, kStored, uint16_t{0}, kDate, crc, size, size, length,
        uint16_t{0}, uint16_t{0}, uint16_t{0}, uint16_t{0}, uint32_t{0}, at);
    directory += member;
  }
  const auto begin = static_cast<uint32_t>(out.size()), size = static_cast<uint32_t>(directory.size());
  const auto count = static_cast<uint16_t>(arrays.size());
  out += directory;
  put(out, kEnd, uint16_t{0}, uint16_t{0}, count, count, size, begin, uint16_t{0});
  write_file(path, out);
}

}  // namespace foresee::data
