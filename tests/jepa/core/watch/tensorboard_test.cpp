#include "jepa/core/watch/tensorboard.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "jepa/core/files/crc32c.h"
#include "jepa/core/files/file.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

TEST(Crc32c, MatchesItsPublishedVectors) {  // RFC 3720, B.4
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c("6789", crc32c("12345")), 0xe3069283U);
}

template <class T>
T number_at(const std::string& bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

/// The events of a file: the content of each record; lengths must end exactly with the file.
std::vector<std::string> events_of(const std::filesystem::path& file) {
  const std::string bytes = read_file(file);
  std::vector<std::string> events;
  size_t at = 0;
  while (at < bytes.size()) {
    const auto length = number_at<uint64_t>(bytes, at);
    events.push_back(bytes.substr(at + 12, length));
    at += 12 + length + 4;
  }
  EXPECT_EQ(at, bytes.size());
  return events;
}

std::vector<std::filesystem::path> files_of(const TemporaryFolder& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

TEST(TensorBoard, WritesOneEventARowWithoutNumbersThatAreNotFinite) {
  const TemporaryFolder folder;
  TensorBoardWriter writer(folder / "", -1);
  writer.write(7, {{"loss", 0.5}, {"bad", NAN}});
  writer.write(8, {{"bad", INFINITY}});  // nothing to say
  const auto events = events_of(files_of(folder).at(0));
  ASSERT_EQ(events.size(), 3u);  // version, start of a session, step 7
  EXPECT_NE(events[0].find("brain.Event:2"), std::string::npos);
  // 9 bytes of wall time; field 2: step 7; field 5: summary; field 1: value; field 1: tag; field 2: float.
  using namespace std::string_literals;
  const std::string expected = "\x10\x07\x2a\x0d\x0a\x0b\x0a\x04loss\x15\0\0\0\x3f"s;
  EXPECT_EQ(events[2].substr(9), expected);
}

TEST(TensorBoard, AResumedRunVoidsStepsAfterItsCheckpoint) {
  const TemporaryFolder folder;
  TensorBoardWriter(folder / "", -1).write(5, {{"loss", 1.0}});
  TensorBoardWriter(folder / "", 4).write(5, {{"loss", 2.0}});
  const auto files = files_of(folder);
  ASSERT_EQ(files.size(), 2u);
  // Field 2: step 5; field 7: session log; its field 1: status 1, START.
  EXPECT_EQ(events_of(files[1]).at(1).substr(9), std::string("\x10\x05\x3a\x02\x08\x01", 6));
}

}  // namespace
}  // namespace foresee
