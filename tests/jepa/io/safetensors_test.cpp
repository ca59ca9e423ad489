// A weight file comes from strangers. Every header that lies is refused with a CheckpointError that names the file,
// before a byte of tensor data is used.
#include "jepa/io/safetensors.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

/// The bytes of a file with this header and `data_bytes` bytes of data. @param size  what it says its header's size is.
std::string file_bytes(const std::string& header, size_t data_bytes, std::optional<uint64_t> size = std::nullopt) {
  const uint64_t header_bytes = size.value_or(header.size());
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &header_bytes, 8);
  return bytes + header + std::string(data_bytes, '\1');
}

/// What reading such a file says; empty where it is read.
std::string refusal_of_bytes(const std::string& bytes) {
  const TemporaryFolder folder;
  const fs::path path = folder / "w.safetensors";
  write_file(path, bytes);
  const auto message = refusal_of<CheckpointError>([&] { SafetensorsFile(path).tensors(); });
  EXPECT_TRUE(message.empty() || says(message, path.string())) << message;
  return message;
}

std::string refusal_of_header(const std::string& header, size_t data_bytes) {
  return refusal_of_bytes(file_bytes(header, data_bytes));
}

TEST(Safetensors, ReadsAHandMadeFile) {
  EXPECT_EQ(refusal_of_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8), "");
  EXPECT_EQ(refusal_of_header("{}", 0), "");
  EXPECT_EQ(refusal_of_header(R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}     )", 4), "");
}

TEST(Safetensors, RefusesWhatIsTooShortForAHeader) {
  EXPECT_TRUE(says(refusal_of_bytes(""), "0 bytes"));
  EXPECT_TRUE(says(refusal_of_bytes("1234567"), "7 bytes"));
}

TEST(Safetensors, RefusesAHeaderLargerThanTheFile) {
  EXPECT_TRUE(says(refusal_of_bytes(file_bytes("{}", 0, 3)), "truncated"));
  EXPECT_TRUE(says(refusal_of_bytes(file_bytes("{}", 0, 99'999'999)), "truncated"));
}

TEST(Safetensors, RefusesAHeaderBeyondTheLimitOfTheFormat) {
  EXPECT_TRUE(says(refusal_of_bytes(file_bytes("{}", 0, 100'000'001)), "at most 100000000"));
  EXPECT_TRUE(says(refusal_of_bytes(file_bytes("{}", 0, ~uint64_t{0})), "at most 100000000"));
}

TEST(Safetensors, NamesTheLikelyCauseOfAForeignFile) {
  EXPECT_TRUE(says(refusal_of_bytes("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "Git LFS pointer"));
  EXPECT_TRUE(says(refusal_of_bytes(std::string("PK\x03\x04", 4) + std::string(50, 'x')), ".pt file"));
}

TEST(Safetensors, RefusesAHeaderThatIsNoJsonObject) {
  EXPECT_TRUE(says(refusal_of_header("{\"a\": ", 0), "not JSON"));
  EXPECT_TRUE(says(refusal_of_header("", 0), "not JSON"));
  EXPECT_TRUE(says(refusal_of_header("{} {}", 0), "not JSON"));
  EXPECT_TRUE(says(refusal_of_header("[]", 0), "expected an object"));
  EXPECT_TRUE(says(refusal_of_header("{\"\xff\": 1}", 0), "not JSON"));
}

TEST(Safetensors, RefusesAHeaderOfTooManyValues) {
  std::string header = "{\"a\": {\"shape\": [0";
  for (int i = 0; i < 2'000'000; ++i) header += ",0";
  EXPECT_TRUE(says(refusal_of_header(header + "]}}", 0), "more than 2000000 values"));
}

TEST(Safetensors, RefusesDeepNesting) {
  EXPECT_TRUE(says(refusal_of_header("{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}", 0),
                   "nested too deeply"));
}

TEST(Safetensors, RefusesAKeyThatComesTwice) {
  const std::string a = R"("a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  EXPECT_TRUE(says(refusal_of_header("{" + a + "," + a + "}", 4), "'a' twice"));
  EXPECT_TRUE(
      says(refusal_of_header(R"({"a":{"dtype":"U8","dtype":"I8","shape":[4],"data_offsets":[0,4]}})", 4), "twice"));
}

TEST(Safetensors, RefusesOffsetsOutOfTheFile) {
  EXPECT_TRUE(says(refusal_of_header(R"({"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})", 8), "truncated"));
}

TEST(Safetensors, RefusesOverlappingTensors) {
  EXPECT_TRUE(says(refusal_of_header(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                                     R"("b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
                                     6),
                   "overlaps"));
  EXPECT_TRUE(says(refusal_of_header(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                                     R"("b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
                                     4),
                   "overlaps"));
}

TEST(Safetensors, RefusesHolesAndTrailingBytes) {
  EXPECT_TRUE(says(refusal_of_header(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[1,5]}})", 5), "hole"));
  EXPECT_TRUE(says(refusal_of_header(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 5), "1 bytes behind"));
  EXPECT_TRUE(says(refusal_of_header("{}", 1), "1 bytes behind"));
}

TEST(Safetensors, RefusesASizeThatShapeAndDtypeDoNotGive) {
  EXPECT_TRUE(says(refusal_of_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4), "give 8 bytes"));
  EXPECT_TRUE(says(refusal_of_header(R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0,4]}})", 4), "give 0 bytes"));
}

TEST(Safetensors, RefusesShapesThatOverflow) {
  // 2^32 * 2^32 * 4 bytes are 0 modulo 2^64: the size would fit.
  EXPECT_TRUE(
      says(refusal_of_header(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0),
           "too large"));
  EXPECT_TRUE(
      says(refusal_of_header(R"({"a":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}})", 0),
           "too large"));
}

TEST(Safetensors, RefusesEntriesOfTheWrongForm) {
  for (const char* entry :
       {"1", "{}", "[]", "null", R"({"dtype":"U8","shape":[4]})", R"({"dtype":"U8","data_offsets":[0,4]})",
        R"({"shape":[4],"data_offsets":[0,4]})", R"({"dtype":8,"shape":[4],"data_offsets":[0,4]})",
        R"({"dtype":"F31","shape":[4],"data_offsets":[0,4]})", R"({"dtype":"U8","shape":[-4],"data_offsets":[0,4]})",
        R"({"dtype":"U8","shape":[4.0],"data_offsets":[0,4]})", R"({"dtype":"U8","shape":"4","data_offsets":[0,4]})",
        R"({"dtype":"U8","shape":[4],"data_offsets":[4,0]})", R"({"dtype":"U8","shape":[4],"data_offsets":[0,4,4]})",
        R"({"dtype":"U8","shape":[4],"data_offsets":[0,-4]})",
        R"({"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]})"})
    EXPECT_TRUE(says(refusal_of_header(std::string("{\"a\":") + entry + "}", 4), "'a'")) << entry;
}

TEST(Safetensors, RefusesMetadataThatIsNotText) {
  EXPECT_TRUE(says(refusal_of_header(R"({"__metadata__":{"n":1}})", 0), "__metadata__"));
  EXPECT_TRUE(says(refusal_of_header(R"({"__metadata__":[]})", 0), "__metadata__"));
}

TEST(Safetensors, RefusesBooleansOtherThanZeroAndOne) {
  std::string bytes = file_bytes(R"({"a":{"dtype":"BOOL","shape":[4],"data_offsets":[0,4]}})", 4);
  EXPECT_EQ(refusal_of_bytes(bytes), "");
  bytes.back() = 2;
  EXPECT_TRUE(says(refusal_of_bytes(bytes), "BOOL"));
}

TEST(Safetensors, RefusesEveryPrefixOfAFile) {
  const std::string bytes = file_bytes(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8);
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_NE(refusal_of_bytes(bytes.substr(0, size)), "") << size;
}

TEST(Safetensors, RefusesWhatIsNoPlainFile) {
  const TemporaryFolder folder;
  EXPECT_THROW(SafetensorsFile(folder.path()), CheckpointError);
  EXPECT_THROW(SafetensorsFile(folder / "absent"), CheckpointError);
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(SafetensorsFile(folder / "pipe"), CheckpointError);  // and does not wait for a writer
}

TEST(Safetensors, NamesATensorThatIsNotThere) {
  const TemporaryFolder folder;
  write_file(folder / "w", file_bytes("{}", 0));
  const SafetensorsFile file(folder / "w");
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { file.tensor("encoder.weight"); }), "encoder.weight"));
}

TEST(Safetensors, ReadsTensorsThatAreNotAligned) {
  // Before headers were padded, data began at any byte.
  const TemporaryFolder folder;
  std::string header = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  const float values[2] = {1.5f, -2.0f};
  for (int shift = 0; shift < 4; ++shift, header += " ") {
    std::string bytes = file_bytes(header, 8);
    std::memcpy(bytes.data() + bytes.size() - 8, values, 8);
    write_file(folder / "w", bytes);
    const Tensor tensor = SafetensorsFile(folder / "w").tensor("a");
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data_ptr()) % 4, 0u);
    EXPECT_TRUE(at::equal(tensor, torch::tensor({1.5f, -2.0f})));
  }
}

TEST(Safetensors, TensorsOutliveTheFileObjectAndTheFile) {
  const TemporaryFolder folder;
  save_safetensors(folder / "w", {{"a", torch::arange(1000)}});
  const Tensor tensor = SafetensorsFile(folder / "w").tensor("a");
  std::filesystem::remove(folder / "w");
  EXPECT_TRUE(at::equal(tensor, torch::arange(1000)));
}

TEST(Safetensors, AWriteByMistakeDoesNotReachTheFile) {
  const TemporaryFolder folder;
  save_safetensors(folder / "w", {{"a", torch::zeros(4)}});
  SafetensorsFile(folder / "w").tensor("a").fill_(1);
  EXPECT_TRUE(at::equal(SafetensorsFile(folder / "w").tensor("a"), torch::zeros(4)));
}

TEST(Safetensors, ReadsAFileOfTheReferenceImplementation) {
  const auto tensors = load_safetensors("tests/fixtures/lewm/lr_schedule/io.safetensors");
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_EQ(describe(tensors.at("c0.lr")), "[1000] float64");
  EXPECT_EQ(tensors.at("c0.lr")[10].item<double>(), 5e-5);
}

}  // namespace
}  // namespace foresee
