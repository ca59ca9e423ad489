// What is written is what is read, whatever the dtype and the strides; a failure leaves the old file and nothing else.
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/io/safetensors.h"
#include "tests/support/full_disk.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

TEST(SafetensorsWriter, RoundTripsEveryDtype) {
  const TemporaryFolder folder;
  TensorMap tensors;
  for (const auto dtype :
       {at::kBool, at::kByte, at::kChar, at::kShort, at::kUInt16, at::kInt, at::kUInt32, at::kLong, at::kUInt64,
        at::kFloat8_e4m3fn, at::kFloat8_e5m2, at::kHalf, at::kBFloat16, at::kFloat, at::kDouble})
    tensors[c10::toString(dtype)] = torch::tensor({0, 1, 1, 0, 1, 1}).view({2, 3}).to(dtype);
  save_safetensors(folder / "w", tensors);
  const auto read = load_safetensors(folder / "w");
  ASSERT_EQ(read.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(describe(read.at(name)), describe(tensor));
    EXPECT_EQ(std::memcmp(read.at(name).const_data_ptr(), tensor.const_data_ptr(), tensor.nbytes()), 0) << name;
  }
}

TEST(SafetensorsWriter, WritesViewsScalarsAndEmptyTensors) {
  const TemporaryFolder folder;
  const Tensor base = torch::arange(24, at::kFloat).view({4, 6});
  const TensorMap tensors{{"t", base.t()},
                          {"s", base.slice(1, 1, 6, 2)},
                          {"e", base[0].expand({3, 6})},
                          {"scalar", torch::tensor(2.5)},
                          {"empty", torch::empty({3, 0})},
                          {"grad", torch::ones({2}).requires_grad_()}};
  save_safetensors(folder / "w", tensors);
  const auto read = load_safetensors(folder / "w");
  for (const auto& [name, tensor] : tensors) EXPECT_TRUE(at::equal(read.at(name), tensor)) << name;
}

TEST(SafetensorsWriter, KeepsMetadata) {
  const TemporaryFolder folder;
  const std::map<std::string, std::string> metadata{{"format", "pt"},
                                                    {"note",
                                                     "\"quoted\" \n Stra\xc3\x9f"
                                                     "e"}};
  save_safetensors(folder / "w", {}, metadata);
  EXPECT_EQ(SafetensorsFile(folder / "w").metadata(), metadata);
}

TEST(SafetensorsWriter, AlignsTheDataAndEveryTensor) {
  const TemporaryFolder folder;
  save_safetensors(folder / "w", {{"a", torch::ones({3}, at::kByte)}, {"b", torch::ones({2}, at::kDouble)}});
  const std::string bytes = read_file(folder / "w");
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), 8);
  EXPECT_EQ(header_bytes % 8, 0u);
  const SafetensorsFile file(folder / "w");
  for (const auto& [name, entry] : file.entries()) EXPECT_EQ(entry.begin % c10::elementSize(entry.dtype), 0u) << name;
}

TEST(SafetensorsWriter, TheSameTensorsGiveTheSameBytes) {
  const TemporaryFolder folder;
  for (const char* name : {"1", "2"}) save_safetensors(folder / name, {{"b", torch::ones(3)}, {"a", torch::zeros(2)}});
  EXPECT_EQ(read_file(folder / "1"), read_file(folder / "2"));
}

TEST(SafetensorsWriter, AFullDiskKeepsTheOldFileAndLeavesNothingElse) {
  const TemporaryFolder folder;
  save_safetensors(folder / "w", {{"a", torch::ones(3)}});
  std::string message;
  {
    const FullDisk full(4096);
    message = refusal_of<Error>([&] { save_safetensors(folder / "w", {{"a", torch::zeros(100'000)}}); });
  }
  EXPECT_TRUE(says(message, (folder / "w").string() + ": cannot write"));
  EXPECT_EQ(count_entries(folder.path()), 1);
  EXPECT_TRUE(at::equal(load_safetensors(folder / "w").at("a"), torch::ones(3)));
}

TEST(SafetensorsWriter, RefusesWhatTheFormatCannotHold) {
  const TemporaryFolder folder;
  EXPECT_THROW(save_safetensors(folder / "w", {{"a", Tensor()}}), Error);
  EXPECT_THROW(save_safetensors(folder / "w", {{"a", torch::ones(1, at::kComplexFloat)}}), Error);
  EXPECT_THROW(save_safetensors(folder / "w", {{"__metadata__", torch::ones(1)}}), Error);
  EXPECT_THROW(save_safetensors(folder / "w", {{"\xff", torch::ones(1)}}), Error);
  EXPECT_THROW(save_safetensors(folder / "no" / "w", {{"a", torch::ones(1)}}), Error);
  EXPECT_EQ(count_entries(folder.path()), 0);
}

}  // namespace
}  // namespace foresee
