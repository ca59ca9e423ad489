// Claims: a network takes no memory before it is filled; a loaded one uses the mapped file itself, and writing to it
// leaves the file as it was.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "jepa/core/torch.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/vjepa2.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

int64_t resident_megabytes() {
  int64_t all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * ::sysconf(_SC_PAGESIZE) / 1'000'000;
}

TEST(WeightMemory, ANetworkTakesNoneBeforeItIsFilled) {
  const int64_t before = resident_megabytes();
  const VideoEncoder encoder(video_encoder_preset("vit_giant_xformers"));  // 4 GB of parameters
  EXPECT_LT(resident_megabytes() - before, 200);
  EXPECT_EQ(encoder.parameters().front()[0].abs().sum().item<float>(), 0);
}

struct TwoLayers : torch::nn::Module {
  TwoLayers() {
    weight = register_parameter("weight", torch::zeros({256, 256}));
    counter = register_buffer("counter", torch::zeros({1}, at::kLong));
  }
  Tensor weight, counter;
};

TEST(WeightMemory, AdoptedTensorsAreTheFilesOwn) {
  const TemporaryFolder folder;
  const Tensor values = torch::randn({256, 256});
  save_safetensors(folder / "w.safetensors", {{"weight", values}, {"counter", torch::full({1}, 3, at::kLong)}});
  TwoLayers module;
  {
    const TensorMap tensors = SafetensorsFile(folder / "w.safetensors").tensors();
    adopt_state_dict(module, tensors, "test");
    EXPECT_EQ(module.weight.const_data_ptr(), tensors.at("weight").const_data_ptr());
  }  // the mapping lives on in the module
  EXPECT_TRUE(at::equal(module.weight.detach(), values));
  EXPECT_EQ(module.counter.item<int64_t>(), 3);
  EXPECT_TRUE(module.weight.requires_grad());

  module.weight.square().sum().backward();  // and it still learns
  const torch::NoGradGuard no_grad;
  module.weight.sub_(module.weight.grad());
  EXPECT_TRUE(at::allclose(module.weight, -values));
  EXPECT_TRUE(at::equal(load_safetensors(folder / "w.safetensors").at("weight"), values));
}

TEST(WeightMemory, TensorsOfAnotherTypeAreConverted) {
  TwoLayers module;
  const Tensor handle = module.weight;
  adopt_state_dict(
      module, {{"weight", torch::ones({256, 256}, at::kBFloat16)}, {"counter", torch::zeros({1}, at::kLong)}}, "test");
  EXPECT_EQ(handle.scalar_type(), at::kFloat);
  EXPECT_EQ(handle.sum().item<float>(), 65536);
}

}  // namespace
}  // namespace foresee
