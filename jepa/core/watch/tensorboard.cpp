#include "jepa/core/watch/tensorboard.h"

#include <unistd.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <fstream>

#include "jepa/core/error.h"
#include "jepa/core/files/crc32c.h"
#include "jepa/core/files/file.h"

namespace foresee {
namespace {

static_assert(std::endian::native == std::endian::little);  // as the records are

template <class T>
std::string bytes_of(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

/// Protocol-buffer wire types (protobuf.dev/programming-guides/encoding).
enum Wire : uint64_t { kVarint = 0, kDouble = 1, kBytes = 2, kFloat = 5 };

std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}

std::string tag(uint64_t field, Wire wire) { return varint(field << 3 | wire); }

std::string message(uint64_t field, const std::string& content) {
  return tag(field, kBytes) + varint(content.size()) + content;
}

/// Event {1: wall_time, 2: step} and one member of its union.
std::string event(int64_t step, const std::string& what) {
  const double seconds = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return tag(1, kDouble) + bytes_of(seconds) + tag(2, kVarint) + varint(static_cast<uint64_t>(step)) + what;
}

/// A record's checksum, masked so that the checksum of data that holds checksums stays sound.
std::string checksum(const std::string& bytes) {
  const uint32_t crc = crc32c(bytes);
  return bytes_of(static_cast<uint32_t>(std::rotr(crc, 15) + 0xa282ead8U));
}

}  // namespace

TensorBoardWriter::TensorBoardWriter(const std::filesystem::path& folder, int64_t resume_step) {
  const auto seconds = std::chrono::system_clock::now().time_since_epoch() / std::chrono::seconds(1);
  // TensorBoard reads files in the order of their names: the time first, then a number that tells calls apart.
  for (int number = 0; path_.empty() || std::filesystem::exists(path_); ++number)
    path_ = folder / fmt::format("events.out.tfevents.{:010}.{:03}.foresee", seconds, number);
  append(event(0, message(3, "brain.Event:2")));                            // 3: file_version
  append(event(resume_step + 1, message(7, tag(1, kVarint) + varint(1))));  // 7: session_log {1: status START}
}

void TensorBoardWriter::write(int64_t step, const Metrics& metrics) {
  std::string summary;
  for (const auto& [name, value] : metrics)
    if (std::isfinite(value))  // Summary {1: Value {1: tag, 2: simple_value}}
      summary += message(1, message(1, name) + tag(2, kFloat) + bytes_of(static_cast<float>(value)));
  if (!summary.empty()) append(event(step, message(5, summary)));
}

void TensorBoardWriter::append(const std::string& event) {
  const std::string length = bytes_of(static_cast<uint64_t>(event.size()));
  std::ofstream out(path_, std::ios::app | std::ios::binary);
  out << length << checksum(length) << event << checksum(event) << std::flush;
  if (!out) fail_errno(path_, "write");
}

void TensorBoardWriter::sync() const { sync_to_disk(path_); }

}  // namespace foresee
