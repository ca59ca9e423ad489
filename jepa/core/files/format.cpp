#include "jepa/core/files/format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string_view>
#include <utility>

namespace foresee {
namespace fs = std::filesystem;
namespace {

constexpr size_t kHeadBytes = 512;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

uint64_t little_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

/// Eight bytes of header length, then a JSON object. No pickle and no archive has so small a number in those bytes and
/// a brace behind them.
bool is_safetensors(std::string_view head) {
  constexpr uint64_t kLongestHeader = 1 << 30;
  if (head.size() < 10) return false;
  const uint64_t length = little_endian(head.substr(0, 8));
  return length >= 2 && length <= kLongestHeader && head[8] == '{' && std::strchr("\"} \t\r\n", head[9]) != nullptr;
}

/// What the first member of a zip archive is called.
std::string_view first_member(std::string_view head) {
  constexpr size_t kLocalHeader = 30, kNameLength = 26;
  if (head.size() < kLocalHeader) return {};
  return head.substr(kLocalHeader, little_endian(head.substr(kNameLength, 2)));
}

bool is_hdf5(std::ifstream& file, uint64_t size) {
  // The signature lies at 0, 512, 1024, 2048, ...: a user block may stand before it.
  constexpr std::string_view kSignature("\x89HDF\r\n\x1a\n", 8);
  std::array<char, 8> bytes{};
  for (uint64_t at = 0; at + bytes.size() <= size; at = at == 0 ? 512 : 2 * at) {
    file.clear();
    file.seekg(static_cast<std::streamoff>(at));
    if (file.read(bytes.data(), bytes.size()) && std::string_view(bytes.data(), bytes.size()) == kSignature)
      return true;
  }
  return false;
}

}  // namespace

FileFormat file_format(const fs::path& path) {
  std::error_code code;
  if (!fs::is_regular_file(path, code)) return FileFormat::kUnknown;
  const uint64_t size = fs::file_size(path, code);
  std::ifstream file(path, std::ios::binary);
  std::string bytes(kHeadBytes, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(std::max<std::streamsize>(0, file.gcount())));
  const std::string_view head(bytes);
  if (is_safetensors(head)) return FileFormat::kSafetensors;
  if (head.starts_with(std::string_view("PK\x03\x04", 4)))
    return first_member(head).ends_with(".npy") ? FileFormat::kNpz : FileFormat::kTorch;
  if (head.starts_with("\x93NUMPY")) return FileFormat::kNpy;
  if (head.starts_with(std::string_view("\x89PNG\r\n\x1a\n", 8))) return FileFormat::kPng;
  if (head.starts_with("\xff\xd8\xff")) return FileFormat::kJpeg;
  if (head.starts_with("\x1a\x45\xdf\xa3")) return FileFormat::kMatroska;
  if (head.starts_with("RIFF") && head.size() >= 12 && head.substr(8, 4) == "AVI ") return FileFormat::kAvi;
  if (head.size() >= 8 && head.substr(4, 4) == "ftyp") return FileFormat::kMp4;
  if (lower(std::string(head.substr(0, 15))).starts_with("<!doctype html")) return FileFormat::kHtml;
  if (head.starts_with("---\nlibrary_name:")) return FileFormat::kModelCard;
  // A pickle of protocol 2 to 5 says so in its first two bytes.
  if (head.size() >= 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5) return FileFormat::kPickle;
  return is_hdf5(file, size) ? FileFormat::kHdf5 : FileFormat::kUnknown;
}

const char* format_name(FileFormat format) {
  switch (format) {
    case FileFormat::kSafetensors:
      return "safetensors";
    case FileFormat::kTorch:
      return "PyTorch";
    case FileFormat::kPickle:
      return "pickle";
    case FileFormat::kNpz:
      return "npz";
    case FileFormat::kNpy:
      return "npy";
    case FileFormat::kHdf5:
      return "HDF5";
    case FileFormat::kHtml:
      return "HTML";
    case FileFormat::kModelCard:
      return "model card";
    case FileFormat::kPng:
      return "PNG";
    case FileFormat::kJpeg:
      return "JPEG";
    case FileFormat::kMp4:
      return "MP4";
    case FileFormat::kMatroska:
      return "Matroska";
    case FileFormat::kAvi:
      return "AVI";
    case FileFormat::kUnknown:
      break;
  }
  return "unknown";
}

FileFormat format_of_extension(const fs::path& path) {
  static constexpr std::pair<std::string_view, FileFormat> kExtensions[] = {
      {".safetensors", FileFormat::kSafetensors},
      {".pt", FileFormat::kTorch},
      {".pth", FileFormat::kTorch},
      {".npz", FileFormat::kNpz},
      {".npy", FileFormat::kNpy},
      {".h5", FileFormat::kHdf5},
      {".hdf5", FileFormat::kHdf5},
      {".html", FileFormat::kHtml},
      {".htm", FileFormat::kHtml},
      {".md", FileFormat::kModelCard},
      {".png", FileFormat::kPng},
      {".jpg", FileFormat::kJpeg},
      {".jpeg", FileFormat::kJpeg},
      {".mp4", FileFormat::kMp4},
      {".mov", FileFormat::kMp4},
      {".m4v", FileFormat::kMp4},
      {".mkv", FileFormat::kMatroska},
      {".webm", FileFormat::kMatroska},
      {".avi", FileFormat::kAvi},
  };
  const std::string extension = lower(path.extension().string());
  for (const auto& [name, format] : kExtensions)
    if (name == extension) return format;
  return FileFormat::kUnknown;
}

}  // namespace foresee
