#include "jepa/io/state_dict.h"

#include <gtest/gtest.h>
#include <torch/nn.h>

#include "jepa/core/error.h"
#include "tests/support/refusal.h"

namespace foresee {
namespace {

/// A convolution, a normalisation with running statistics and a linear layer.
torch::nn::Sequential small_network() {
  return torch::nn::Sequential(torch::nn::Conv2d(3, 4, 2), torch::nn::BatchNorm2d(4), torch::nn::Linear(4, 2));
}

std::string refusal_of_loading(torch::nn::Module& module, const TensorMap& tensors) {
  return refusal_of<CheckpointError>([&] { load_state_dict(module, tensors, "some/file"); });
}

TEST(StateDict, HoldsParametersAndBuffersAndSharesStorage) {
  auto network = small_network();
  const auto state = state_dict(*network);
  EXPECT_EQ(state.size(), 2u + 5u + 2u);  // BatchNorm: weight, bias, mean, variance, batches
  EXPECT_FALSE(state.at("0.weight").requires_grad());
  state.at("2.bias").fill_(7);
  EXPECT_EQ(network->parameters().back()[0].item<float>(), 7);
}

TEST(StateDict, LoadingMakesModulesEqual) {
  auto source = small_network(), target = small_network();
  TensorMap state = state_dict(*source);
  for (auto& [name, tensor] : state) tensor = tensor.clone();
  state["1.running_mean"].fill_(3);
  state["1.num_batches_tracked"].fill_(9);
  load_state_dict(*target, state, "test");
  for (const auto& [name, tensor] : state_dict(*target)) EXPECT_TRUE(at::equal(tensor, state.at(name))) << name;
  EXPECT_TRUE(target->parameters()[0].requires_grad());
}

TEST(StateDict, ConvertsFloatingTypesButNotKinds) {
  auto network = small_network();
  TensorMap state = state_dict(*network);
  for (auto& [name, tensor] : state) tensor = tensor.clone();
  state["0.bias"] = torch::full({4}, 0.5, at::kBFloat16);
  EXPECT_EQ(refusal_of_loading(*network, state), "");
  EXPECT_EQ(state_dict(*network).at("0.bias").scalar_type(), at::kFloat);
  EXPECT_EQ(state_dict(*network).at("0.bias")[0].item<float>(), 0.5);
  state["0.bias"] = torch::ones({4}, at::kLong);
  EXPECT_TRUE(says(refusal_of_loading(*network, state), "0.bias: expected [4] float32, got [4] int64"));
}

TEST(StateDict, ReportsEveryProblemAtOnceAndChangesNothing) {
  auto network = small_network();
  TensorMap state = state_dict(*network);
  for (auto& [name, tensor] : state) tensor = torch::full_like(tensor, 42);
  state.erase("0.bias");
  state.erase("2.weight");
  state["head.weight"] = state["module.0.bias"] = torch::ones(1);
  state["0.weight"] = torch::ones({4, 3, 2});
  state["1.weight"] = torch::ones({5});
  const std::string message = refusal_of_loading(*network, state);
  for (const char* part : {"some/file", "2 missing (0.bias, 2.weight)", "2 unexpected (head.weight, module.0.bias)",
                           "2 misshapen", "0.weight: expected [4, 3, 2, 2] float32, got [4, 3, 2] float32",
                           "1.weight: expected [4] float32, got [5] float32"})
    EXPECT_TRUE(says(message, part));
  for (const auto& [name, tensor] : state_dict(*network)) EXPECT_FALSE(tensor.eq(42).any().item<bool>()) << name;
}

TEST(StateDict, PrefixesAreAddedAndRemoved) {
  const TensorMap tensors{{"a.x", torch::ones(1)}, {"a.y", torch::ones(2)}, {"b.x", torch::ones(3)}};
  const auto inner = with_prefix_removed(tensors, "a.");
  ASSERT_EQ(inner.size(), 2u);
  EXPECT_EQ(inner.at("y").size(0), 2);
  const auto outer = with_prefix_added(inner, "a.");
  EXPECT_TRUE(outer.contains("a.x") && outer.contains("a.y") && outer.size() == 2);
}

TEST(StateDict, SaysWhatForeignTensorsAre) {
  const std::string layer = "encoder.layer.0.attention.query.";
  EXPECT_TRUE(what_they_are({layer + "lora_A.default.weight"}).find("merge") != std::string::npos);
  EXPECT_TRUE(what_they_are({"x", layer + "parametrizations.weight.original0"}).find("remove") != std::string::npos);
  EXPECT_TRUE(what_they_are({layer + "weight.absmax"}).find("quantised") != std::string::npos);
  EXPECT_EQ(what_they_are({"head.weight", "module.0.bias"}), "");
}

}  // namespace
}  // namespace foresee
