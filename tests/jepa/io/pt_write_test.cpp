// What is written is read back equal, here and (tools/parity/hf_round_trip.py) by torch.load.
#include "jepa/io/pt_write.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/pt_file.h"
#include "tests/support/full_disk.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

TEST(PtWrite, ReadsBackEqual) {
  const TemporaryFolder folder;
  const Tensor transposed = torch::arange(6, at::kFloat).view({2, 3}).t();
  const TensorMap tensors{{"a.weight", transposed},
                          {"b", torch::tensor({1, 2}, at::kLong)},
                          {"c", torch::ones({3}, at::kBFloat16)},
                          {"d", torch::empty({0, 4})},
                          {"e", torch::tensor(2.5)}};
  save_pt(folder / "w.pt", {{"encoder", tensors},
                            {"classifiers", std::vector<TensorMap>{tensors}},
                            {"epoch", int64_t{5'000'000'000}},
                            {"loss", 0.5}});
  const PtFile file(folder / "w.pt");
  EXPECT_EQ(file.at("epoch").integer, 5'000'000'000);
  EXPECT_EQ(file.at("loss").real, 0.5);
  for (const auto& read :
       {file.tensors(file.at("encoder"), "encoder"), file.tensors(*file.at("classifiers").items[0], "c")})
    for (const auto& [name, tensor] : tensors) {
      EXPECT_EQ(read.at(name).scalar_type(), tensor.scalar_type()) << name;
      EXPECT_TRUE(at::equal(read.at(name), tensor)) << name;
    }
}

TEST(PtWrite, StoresSharedMemoryOnce) {
  const TemporaryFolder folder;
  const Tensor weight = torch::randn({1000});
  save_pt(folder / "w.pt", {{"encoder", TensorMap{{"w", weight}}}, {"target_encoder", TensorMap{{"w", weight}}}});
  EXPECT_LT(std::filesystem::file_size(folder / "w.pt"), 6000u);
  const PtFile file(folder / "w.pt");
  EXPECT_TRUE(at::equal(file.tensor(*file.at("target_encoder").find("w"), "w"), weight));
}

TEST(PtWrite, LeavesNothingBehindOnAFullDisk) {
  const TemporaryFolder folder;
  const FullDisk full(4096);
  EXPECT_TRUE(says(refusal_of<Error>([&] {
                     save_pt(folder / "w.pt", TensorMap{{"w", torch::zeros({10'000})}});
                   }),
                   "cannot write"));
  EXPECT_EQ(count_entries(folder.path()), 0);
}

}  // namespace
}  // namespace foresee
