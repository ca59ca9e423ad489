#include "jepa/io/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>

#include "jepa/core/error.h"
#include "jepa/core/file.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

constexpr size_t kMaxHeaderBytes = 100'000'000;  // as in the reference implementation
constexpr size_t kPrefixBytes = 8;               // the header's size, in front of it

constexpr std::pair<std::string_view, at::ScalarType> kDtypes[] = {
    {"BOOL", at::kBool},
    {"U8", at::kByte},
    {"I8", at::kChar},
    {"I16", at::kShort},
    {"U16", at::kUInt16},
    {"I32", at::kInt},
    {"U32", at::kUInt32},
    {"I64", at::kLong},
    {"U64", at::kUInt64},
    {"F8_E4M3", at::kFloat8_e4m3fn},
    {"F8_E5M2", at::kFloat8_e5m2},
    {"F16", at::kHalf},
    {"BF16", at::kBFloat16},
    {"F32", at::kFloat},
    {"F64", at::kDouble},
};

std::optional<at::ScalarType> dtype_from_name(std::string_view name) {
  for (const auto& [text, dtype] : kDtypes)
    if (text == name) return dtype;
  return std::nullopt;
}

std::optional<std::string_view> dtype_name(at::ScalarType dtype) {
  for (const auto& [text, known] : kDtypes)
    if (known == dtype) return text;
  return std::nullopt;
}

/// An open file, closed at the end of the scope.
class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

/// What the first bytes look like, for a file that is no safetensors file.
std::string_view likely_cause(std::string_view bytes) {
  if (bytes.starts_with("version https://git-lfs")) return "; it is a Git LFS pointer: fetch the file itself";
  if (bytes.starts_with("PK\x03\x04")) return "; it looks like a PyTorch .pt file: convert it with `foresee import`";
  return "";
}

/// JSON in which a repeated key is an error: which of the two a reader takes would be its own choice.
nlohmann::json parse_header(const std::string& where, std::string_view text) {
  constexpr int kMaxDepth = 8;  // a header has 3; deeper is an attack on the stack
  std::vector<std::set<std::string>> keys;
  using Event = nlohmann::json::parse_event_t;
  const auto check = [&](int depth, Event event, nlohmann::json& parsed) {
    if (depth > kMaxDepth) fail<CheckpointError>("{}: the header is nested too deeply", where);
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(parsed.get<std::string>()).second)
      fail<CheckpointError>("{}: the header has the key '{}' twice", where, parsed.get<std::string>());
    return true;
  };
  try {
    auto header = nlohmann::json::parse(text, check);
    if (!header.is_object())
      fail<CheckpointError>("{}: expected an object as header, got {}", where, header.type_name());
    return header;
  } catch (const nlohmann::json::exception&) {
    fail<CheckpointError>("{}: not a safetensors file: the header is not JSON", where);
  }
}

/// [a, b, ...] of whole numbers from 0 to 2^63-1, or nothing.
std::optional<std::vector<int64_t>> sizes_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return std::nullopt;
  std::vector<int64_t> sizes;
  for (const auto& element : *found) {
    if (!element.is_number_unsigned() || element.get<uint64_t>() > std::numeric_limits<int64_t>::max())
      return std::nullopt;
    sizes.push_back(element.get<int64_t>());
  }
  return sizes;
}

/// One entry of the header, checked against itself: the byte range is what shape and dtype give.
TensorEntry parse_entry(const std::string& where, const nlohmann::json& value) {
  if (!value.is_object()) fail<CheckpointError>("{}: expected an object, got {}", where, value.type_name());
  const auto dtype_text = value.value("dtype", nlohmann::json());
  if (!dtype_text.is_string())
    fail<CheckpointError>("{}: expected a string as dtype, got {}", where, dtype_text.dump());
  const auto dtype = dtype_from_name(dtype_text.get<std::string>());
  if (!dtype) fail<CheckpointError>("{}: unknown dtype {}", where, dtype_text.dump());
  const auto shape = sizes_of(value, "shape"), offsets = sizes_of(value, "data_offsets");
  if (!shape) fail<CheckpointError>("{}: expected a list of sizes as shape", where);
  if (!offsets || offsets->size() != 2 || (*offsets)[0] > (*offsets)[1])
    fail<CheckpointError>("{}: expected data_offsets [begin, end] with begin <= end", where);

  int64_t bytes = static_cast<int64_t>(c10::elementSize(*dtype)), extent = bytes;
  for (const int64_t size : *shape) {
    // The extent leaves sizes of 0 out: strides are products of sizes too, and must not overflow either.
    if (__builtin_mul_overflow(extent, std::max<int64_t>(size, 1), &extent))
      fail<CheckpointError>("{}: the shape is too large", where);
    bytes *= size;
  }
  if ((*offsets)[1] - (*offsets)[0] != bytes)
    fail<CheckpointError>("{}: shape and dtype give {} bytes, data_offsets give {}", where, bytes,
                          (*offsets)[1] - (*offsets)[0]);
  return {*dtype, *shape, static_cast<size_t>((*offsets)[0]), static_cast<size_t>((*offsets)[1])};
}

/// The tensors lie one behind the other from the first byte to the last, as the format demands.
void check_layout(const std::string& where, const std::map<std::string, TensorEntry>& entries, size_t data_bytes) {
  std::vector<std::pair<const std::string*, const TensorEntry*>> order;
  for (const auto& [name, entry] : entries) order.emplace_back(&name, &entry);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second->begin, a.second->end) < std::pair(b.second->begin, b.second->end);
  });
  size_t expected = 0;
  for (const auto& [name, entry] : order) {
    if (entry->end > data_bytes)
      fail<CheckpointError>("{}: '{}' ends at byte {} of {}: the file is truncated", where, *name, entry->end,
                            data_bytes);
    if (entry->begin != expected)
      fail<CheckpointError>("{}: '{}' {} (begins at byte {}, expected {})", where, *name,
                            entry->begin < expected ? "overlaps another tensor" : "leaves a hole in front of it",
                            entry->begin, expected);
    expected = entry->end;
  }
  if (expected != data_bytes)
    fail<CheckpointError>("{}: {} bytes behind the last tensor", where, data_bytes - expected);
}

}  // namespace

SafetensorsFile::SafetensorsFile(const fs::path& path) : path_(path) {
  const std::string where = path.string();
  // O_NONBLOCK: opening a pipe must not wait for a writer; it has no meaning for a plain file.
  const Descriptor file(path, O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0)
    fail<CheckpointError>("{}: cannot open: {}", where, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) fail<CheckpointError>("{}: expected a safetensors file, this is no plain file", where);
  const auto size = static_cast<size_t>(status.st_size);
  if (size < kPrefixBytes)
    fail<CheckpointError>("{}: not a safetensors file: {} bytes, expected at least {}", where, size, kPrefixBytes);

  // Writable but private: a write by mistake changes neither the file nor ends the program.
  void* base = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.number(), 0);
  if (base == MAP_FAILED) fail<CheckpointError>("{}: cannot map into memory: {}", where, std::strerror(errno));
  mapping_ =
      std::shared_ptr<const void>(base, [size](const void* address) { ::munmap(const_cast<void*>(address), size); });

  const std::string_view bytes(static_cast<const char*>(base), size);
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), kPrefixBytes);
  if (header_bytes > kMaxHeaderBytes)
    fail<CheckpointError>("{}: not a safetensors file: a header of {} bytes, expected at most {}{}", where,
                          header_bytes, kMaxHeaderBytes, likely_cause(bytes));
  if (header_bytes > size - kPrefixBytes)
    fail<CheckpointError>("{}: a header of {} bytes in a file of {}: truncated, or not a safetensors file{}", where,
                          header_bytes, size, likely_cause(bytes));

  const auto header = parse_header(where, bytes.substr(kPrefixBytes, header_bytes));
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") {
      entries_.emplace(name, parse_entry(fmt::format("{}: tensor '{}'", where, name), value));
      continue;
    }
    if (!value.is_object()) fail<CheckpointError>("{}: expected an object as __metadata__", where);
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) fail<CheckpointError>("{}: expected a string as __metadata__ '{}'", where, key);
      metadata_.emplace(key, text.get<std::string>());
    }
  }
  check_layout(where, entries_, size - kPrefixBytes - header_bytes);
  data_ = bytes.data() + kPrefixBytes + header_bytes;
}

Tensor SafetensorsFile::tensor(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end())
    fail<CheckpointError>("{}: no tensor '{}' among its {}", path_.string(), name, entries_.size());
  const TensorEntry& entry = found->second;
  const auto options = at::TensorOptions().dtype(entry.dtype);
  if (entry.begin == entry.end) return at::empty(entry.shape, options);

  const char* begin = data_ + entry.begin;
  const size_t bytes = entry.end - entry.begin;
  if (entry.dtype == at::kBool &&
      std::any_of(begin, begin + bytes, [](char byte) { return static_cast<unsigned char>(byte) > 1; }))
    fail<CheckpointError>("{}: tensor '{}' is BOOL but has bytes other than 0 and 1", path_.string(), name);
  if (reinterpret_cast<uintptr_t>(begin) % c10::elementSize(entry.dtype) != 0) {  // writers before padded headers
    Tensor copy = at::empty(entry.shape, options);
    std::memcpy(copy.data_ptr(), begin, bytes);
    return copy;
  }
  return at::from_blob(
      const_cast<char*>(begin), entry.shape, [keep = mapping_](void*) {}, options);
}

TensorMap SafetensorsFile::tensors() const {
  TensorMap tensors;
  for (const auto& [name, entry] : entries_) tensors.emplace(name, tensor(name));
  return tensors;
}

TensorMap load_safetensors(const fs::path& path) {
  TensorMap tensors = SafetensorsFile(path).tensors();
  for (auto& [name, tensor] : tensors) tensor = tensor.clone();
  return tensors;
}

namespace {

void write_all(int descriptor, std::string_view bytes, const fs::path& path) {
  constexpr size_t kChunk = size_t{1} << 30;  // Linux writes at most 2 GiB at once
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), std::min(bytes.size(), kChunk));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0)
      fail<CheckpointError>("{}: cannot write: {}{}", path.string(), std::strerror(errno),
                            errno == ENOSPC ? " (free some space and run the same command again)" : "");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

/// The tensors in file order. Wide types first, so that every tensor is aligned for its type.
std::vector<std::pair<std::string_view, const Tensor*>> file_order(const TensorMap& tensors) {
  std::vector<std::pair<std::string_view, const Tensor*>> order;
  for (const auto& [name, tensor] : tensors) {
    FORESEE_CHECK(tensor.defined(), "expected a tensor, '{}' is undefined", name);
    FORESEE_CHECK(dtype_name(tensor.scalar_type()), "safetensors has no dtype for '{}' {}", name, describe(tensor));
    FORESEE_CHECK(name != "__metadata__", "'{}' is not a name for a tensor: the format uses it", name);
    order.emplace_back(name, &tensor);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second->element_size() > b.second->element_size(); });
  return order;
}

std::string header_text(const std::vector<std::pair<std::string_view, const Tensor*>>& order,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t offset = 0;
  for (const auto& [name, tensor] : order) {
    const size_t end = offset + tensor->nbytes();
    header[std::string(name)] = {{"dtype", *dtype_name(tensor->scalar_type())},
                                 {"shape", tensor->sizes().vec()},
                                 {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace

void save_safetensors(const fs::path& path, const TensorMap& tensors,
                      const std::map<std::string, std::string>& metadata) {
  const auto order = file_order(tensors);
  std::string header;
  try {
    header = header_text(order, metadata);
  } catch (const nlohmann::json::exception&) {
    fail<CheckpointError>("{}: a tensor's name or a metadata text is not UTF-8", path.string());
  }
  FORESEE_CHECK(header.size() <= kMaxHeaderBytes, "expected a header of at most {} bytes, got {} for {} tensors",
                kMaxHeaderBytes, header.size(), tensors.size());
  write_file_with(path, [&](const fs::path& temporary) {
    Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (file.number() < 0) fail<CheckpointError>("{}: cannot create: {}", path.string(), std::strerror(errno));
    const uint64_t header_bytes = header.size();
    write_all(file.number(), {reinterpret_cast<const char*>(&header_bytes), kPrefixBytes}, path);
    write_all(file.number(), header, path);
    for (const auto& [name, tensor] : order) {
      // One tensor at a time: a copy only of what is on another device or not contiguous.
      const Tensor plain = tensor->detach().to(at::kCPU).contiguous();
      write_all(file.number(), {static_cast<const char*>(plain.const_data_ptr()), plain.nbytes()}, path);
    }
    if (!file.close()) fail<CheckpointError>("{}: cannot write: {}", path.string(), std::strerror(errno));
  });
}

}  // namespace foresee
