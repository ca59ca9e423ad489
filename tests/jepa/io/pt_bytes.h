#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foresee {

/// A number's bytes, little-endian.
template <class T>
std::string bytes_of(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

/// Pieces of a pickle of protocol 2, as torch.save writes them.
namespace pickle_text {
inline std::string text(std::string_view value) {
  return "X" + bytes_of(static_cast<uint32_t>(value.size())) + std::string(value);
}
inline std::string number(int32_t value) { return "J" + bytes_of(value); }
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string numbers(const std::vector<int32_t>& values) {
  std::string out = "(";
  for (const int32_t value : values) out += number(value);
  return out + "t";
}
inline std::string dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string out = "}(";
  for (const auto& [key, value] : items) out += text(key) + value;
  return out + "u";
}
inline std::string call(const std::string& callee, const std::string& arguments) { return callee + arguments + "R"; }
inline std::string storage(const std::string& type, const std::string& key, int32_t elements) {
  return "(" + text("storage") + global("torch", type) + text(key) + text("cpu") + number(elements) + "tQ";
}
inline std::string tensor(const std::string& storage, int32_t offset, const std::vector<int32_t>& shape,
                          const std::vector<int32_t>& strides) {
  return call(global("torch._utils", "_rebuild_tensor_v2"), "(" + storage + number(offset) + numbers(shape) +
                                                                numbers(strides) + "\x89" +
                                                                call(global("collections", "OrderedDict"), ")") + "t");
}
inline std::string pickle(const std::string& value) { return "\x80\x02" + value + "."; }
}  // namespace pickle_text

/// A zip archive with members stored as they are. @param compressed  a name that the directory says is compressed.
inline std::string zip_bytes(const std::vector<std::pair<std::string, std::string>>& members,
                             const std::string& compressed = "") {
  std::string data, directory;
  for (const auto& [name, content] : members) {
    const auto size = bytes_of(static_cast<uint32_t>(content.size()));
    const std::string method = bytes_of(static_cast<uint16_t>(name == compressed ? 8 : 0));
    const std::string shared = method + bytes_of(uint32_t{0}) + bytes_of(uint32_t{0}) + size + size +
                               bytes_of(static_cast<uint16_t>(name.size()));
    directory += "PK\x01\x02" + bytes_of(uint16_t{0}) + bytes_of(uint16_t{0}) + bytes_of(uint16_t{0}) + shared +
                 bytes_of(uint16_t{0}) + bytes_of(uint16_t{0}) + std::string(8, '\0') +
                 bytes_of(static_cast<uint32_t>(data.size())) + name;
    data += "PK\x03\x04" + bytes_of(uint16_t{0}) + bytes_of(uint16_t{0}) + shared;
    // Data on a multiple of 64 bytes, as torch.save aligns them, by an extra field.
    const size_t padding = (64 - (data.size() + 2 + name.size()) % 64) % 64;
    data += bytes_of(static_cast<uint16_t>(padding)) + name + std::string(padding, '\0') + content;
  }
  return data + directory + "PK\x05\x06" + std::string(4, '\0') + bytes_of(static_cast<uint16_t>(members.size())) +
         bytes_of(static_cast<uint16_t>(members.size())) + bytes_of(static_cast<uint32_t>(directory.size())) +
         bytes_of(static_cast<uint32_t>(data.size())) + bytes_of(uint16_t{0});
}

/// A checkpoint of this pickle and these storages.
inline std::string pt_bytes(const std::string& value,
                            const std::vector<std::pair<std::string, std::string>>& storages = {}) {
  std::vector<std::pair<std::string, std::string>> members{{"archive/data.pkl", pickle_text::pickle(value)}};
  for (const auto& [key, content] : storages) members.emplace_back("archive/data/" + key, content);
  return zip_bytes(members);
}

}  // namespace foresee
