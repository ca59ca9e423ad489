#include "data/episode/npz/npy.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstring>
#include <optional>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"

namespace foresee::data {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);

struct NumpyType {
  const char* code;
  at::ScalarType stored, read;  // stored: same bytes
};
constexpr NumpyType kTypes[] = {
    {"|b1", at::kBool, at::kBool},   {"|u1", at::kByte, at::kByte},   {"|i1", at::kChar, at::kChar},
    {"<i2", at::kShort, at::kShort}, {"<i4", at::kInt, at::kInt},     {"<i8", at::kLong, at::kLong},
    {"<u2", at::kUInt16, at::kInt},  {"<u4", at::kUInt32, at::kLong}, {"<u8", at::kUInt64, at::kLong},
    {"<f2", at::kHalf, at::kFloat},  {"<f4", at::kFloat, at::kFloat}, {"<f8", at::kDouble, at::kDouble},
};

/// The text behind 'key': in the header's Python dict, up to `end`.
std::string_view value_of(std::string_view header, std::string_view key, const std::string& where) {
  const size_t at = header.find(fmt::format("'{}':", key));
  if (at == std::string_view::npos) fail<DataError>("{}: not a NumPy array: no '{}' in its header", where, key);
  std::string_view rest = header.substr(at + key.size() + 3);
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  return rest;
}

std::vector<int64_t> shape_of(std::string_view text, const std::string& where) {
  std::vector<int64_t> shape;
  const size_t close = text.find(')');
  if (text.empty() || text.front() != '(' || close == std::string_view::npos)
    fail<DataError>("{}: not a NumPy array: no shape in its header", where);
  text = text.substr(1, close - 1);
  double numbers = 1;
  while (!text.empty()) {
    if (text.front() == ' ' || text.front() == ',') {
      text.remove_prefix(1);
      continue;
    }
    int64_t extent = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (error != std::errc() || extent < 0 || shape.size() > 16) fail<DataError>("{}: bad shape in its header", where);
    numbers *= static_cast<double>(std::max<int64_t>(extent, 1));  // a size of 0 hides no other: strides multiply too
    shape.push_back(extent);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
  }
  if (numbers > 1e15) fail<DataError>("{}: claims {:g} numbers", where, numbers);
  return shape;
}

}  // namespace

Tensor parse_npy(std::string_view bytes, const std::string& where, std::shared_ptr<const void> keep_alive,
                 ReadBudget* budget) {
  if (bytes.size() < 12 || bytes.substr(0, 6) != kMagic) fail<DataError>("{}: not a NumPy array", where);
  const int version = bytes[6];
  size_t prefix = 10, length = 0;
  if (version == 1) {
    uint16_t n = 0;
    std::memcpy(&n, bytes.data() + 8, sizeof n);
    length = n;
  } else if (version == 2 || version == 3) {
    uint32_t n = 0;
    std::memcpy(&n, bytes.data() + 8, sizeof n);
    length = n, prefix = 12;
  } else {
    fail<DataError>("{}: NumPy format version {} is not known", where, version);
  }
  if (length > bytes.size() - prefix) fail<DataError>("{}: truncated in its header", where);
  const std::string_view header = bytes.substr(prefix, length), data = bytes.substr(prefix + length);

  const std::string_view descr = value_of(header, "descr", where);
  const NumpyType* type = nullptr;
  for (const auto& candidate : kTypes)
    if (descr.substr(0, 5) == fmt::format("'{}'", candidate.code)) type = &candidate;
  // Written on a machine with the other byte order: '>' instead of '<'.
  const bool swapped = !type && descr.size() > 2 && descr[1] == '>';
  if (swapped)
    for (const auto& candidate : kTypes)
      if (candidate.code[0] == '<' && descr.substr(2, 3) == fmt::format("{}'", candidate.code + 1)) type = &candidate;
  if (!type) return {};  // text, objects, records
  const bool fortran = value_of(header, "fortran_order", where).starts_with("True");
  std::vector<int64_t> shape = shape_of(value_of(header, "shape", where), where);

  if (fortran) std::reverse(shape.begin(), shape.end());
  int64_t numbers = 1;
  for (const auto n : shape) numbers *= n;
  const auto needed = static_cast<size_t>(numbers) * at::elementSize(type->stored);
  if (needed > data.size()) fail<DataError>("{}: truncated: {} bytes of {}", where, data.size(), needed);

  Tensor array;
  const bool aligned = reinterpret_cast<uintptr_t>(data.data()) % at::elementSize(type->stored) == 0;
  if (budget != nullptr) {
    if (!keep_alive || !aligned || swapped) budget->take(needed, "its arrays");
    if (type->stored != type->read)
      budget->take(static_cast<uint64_t>(numbers) * at::elementSize(type->read), "its arrays");
  }
  if (keep_alive && aligned && !swapped) {
    array = at::from_blob(
        const_cast<char*>(data.data()), shape, [keep_alive](void*) {}, type->stored);
  } else {
    array = at::empty(shape, type->stored);
    if (needed > 0) std::memcpy(array.data_ptr(), data.data(), needed);
  }
  if (swapped && needed > 0) {
    const size_t width = at::elementSize(type->stored);
    auto* const bytes = static_cast<char*>(array.data_ptr());
    for (size_t at = 0; at < needed; at += width) std::reverse(bytes + at, bytes + at + width);
  }
  if (fortran)
    array = array.permute([&] {
      std::vector<int64_t> order(shape.size());
      for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(order.size() - 1 - i);
      return order;
    }());
  return type->stored == type->read ? array : array.to(type->read);
}

std::string npy_bytes(const Tensor& array) {
  const Tensor plain = array.cpu().contiguous();
  const auto type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                 [&](const NumpyType& t) { return t.stored == plain.scalar_type(); });
  FORESEE_CHECK(type != std::end(kTypes), "NumPy has no {}", at::toString(plain.scalar_type()));
  std::string shape;
  for (const auto n : plain.sizes()) shape += fmt::format("{}, ", n);
  if (plain.dim() > 1) shape.resize(shape.size() - 2);
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type->code,
                                   plain.dim() == 1 ? shape.substr(0, shape.size() - 1) : shape);
  header.append((64 - (10 + header.size() + 1) % 64) % 64, ' ');
  header += '\n';
  std::string out(kMagic);
  const auto length = static_cast<uint16_t>(header.size());
  out += std::string("\x01\x00", 2);
  out.append(reinterpret_cast<const char*>(&length), 2);
  out += header;
  out.append(static_cast<const char*>(plain.const_data_ptr()), plain.nbytes());
  return out;
}

Tensor read_numpy(const std::filesystem::path& path) {
  if (path.extension() == ".npy") {
    const std::string bytes = read_file(path);
    return parse_npy(bytes, path.string());
  }
  const TensorMap arrays = read_npz(path);
  const auto found = arrays.find("arr_0");
  if (found == arrays.end()) fail<DataError>("{}: expected one array 'arr_0' of numbers", path.string());
  return found->second;
}

}  // namespace foresee::data
